//! `abide notify`

use abide_notify::{Client, Message, Outcome, Route};
use anyhow::{anyhow, bail};
use jiff::Timestamp;

use crate::cli::{Cli, NotifyCommand};
use crate::config::Config;
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, command: &NotifyCommand) -> anyhow::Result<u8> {
    let NotifyCommand::Test(args) = command;
    let config = Config::load(cli)?;
    // All are read before one is sent.
    let routes: Vec<Route> = args
        .names
        .iter()
        .map(|name| config.route(name))
        .collect::<Result<_, _>>()?;
    let client = Client::default();
    let mut code = 0;
    for route in &routes {
        let line = match attempt(route, &client) {
            Ok(()) => format!("{} ({}): delivered\n", route.name, route.service.kind()),
            Err(error) => {
                code = 2;
                let why = terminal::visible(&error.to_string());
                format!("{} ({}): FAILED: {why}\n", route.name, route.service.kind())
            }
        };
        output::print_text(&line)?;
    }
    Ok(code)
}

fn attempt(route: &Route, client: &Client) -> anyhow::Result<()> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let message = Message::test(id, Timestamp::now());
    let (mut part, mut parts) = (0, 1);
    while part < parts {
        let sent = route.send(client, &message, part, Timestamp::now());
        match sent.outcome {
            Outcome::Delivered => {}
            Outcome::Later { why, .. } | Outcome::Refused(why) | Outcome::Unfit(why) => {
                bail!("{why}")
            }
        }
        (part, parts) = (part + 1, sent.parts);
    }
    Ok(())
}
