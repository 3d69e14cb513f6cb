resource	"aws_s3_bucket"	"t"	{
	bucket	=	"tabs"
	/* block */ force_destroy = true // end
	tags = {
		"k" : "v", # colon
		l = "w"
	}
}
