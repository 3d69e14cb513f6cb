//! Takes out of a plan what was added to get it.

use serde_json::Value as Json;

use crate::tree::DEFER;

/// Removes our argument wherever it stands.
pub(crate) fn plan(json: &mut Json) {
    if let Some(root) = json.pointer_mut("/configuration/root_module") {
        configuration(root);
    }
    remove(json);
}

fn remove(json: &mut Json) {
    match json {
        Json::Array(list) => list.iter_mut().for_each(remove),
        Json::Object(members) => {
            members.shift_remove(DEFER);
            members.values_mut().for_each(remove);
        }
        _ => {}
    }
}

/// The workspace of remote states waits where nobody wrote one.
fn configuration(module: &mut Json) {
    let resources = module.get_mut("resources").and_then(Json::as_array_mut);
    for resource in resources.into_iter().flatten() {
        let is_remote = resource["type"] == "terraform_remote_state";
        let expressions = resource
            .get_mut("expressions")
            .and_then(Json::as_object_mut);
        if let Some(expressions) = expressions.filter(|_| is_remote)
            && expressions
                .get("workspace")
                .and_then(Json::as_object)
                .is_some_and(serde_json::Map::is_empty)
        {
            expressions.shift_remove("workspace");
        }
    }
    let calls = module.get_mut("module_calls").and_then(Json::as_object_mut);
    let calls = calls.into_iter().flat_map(|calls| calls.values_mut());
    for called in calls.filter_map(|call| call.get_mut("module")) {
        configuration(called);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_ours_goes() {
        let mut json = json!({
            "resource_changes": [{"change": {"after": {"owners": ["x"]}, "after_unknown": {"abide_defer": true, "id": true}}}],
            "configuration": {"root_module": {
                "resources": [
                    {"type": "terraform_remote_state", "expressions": {"backend": {"constant_value": "s3"}, "workspace": {}}},
                    {"type": "aws_ami", "expressions": {"abide_defer": {}, "owners": {"constant_value": ["x"]}}}],
                "module_calls": {"m": {"module": {"resources": [
                    {"type": "terraform_remote_state", "expressions": {"workspace": {}}}]}}}}}});
        plan(&mut json);
        assert_eq!(
            json,
            json!({
                "resource_changes": [{"change": {"after": {"owners": ["x"]}, "after_unknown": {"id": true}}}],
                "configuration": {"root_module": {
                    "resources": [
                        {"type": "terraform_remote_state", "expressions": {"backend": {"constant_value": "s3"}}},
                        {"type": "aws_ami", "expressions": {"owners": {"constant_value": ["x"]}}}],
                    "module_calls": {"m": {"module": {"resources": [
                        {"type": "terraform_remote_state", "expressions": {}}]}}}}}})
        );
    }
}
