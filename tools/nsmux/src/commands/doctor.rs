// SPDX-License-Identifier: GPL-2.0

//! `nsmux doctor`: what works here, what does not, and what to do.

mod identity;
mod module;
mod view;

use serde::Serialize;

use crate::cli::Doctor;
use crate::error::{Error, Status};
use crate::output::{Colour, Output};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Check {
    check: &'static str,
    verdict: Verdict,
    finding: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn ok(check: &'static str, finding: impl Into<String>) -> Self {
        Check {
            check,
            verdict: Verdict::Ok,
            finding: finding.into(),
            advice: None,
        }
    }

    fn warn(check: &'static str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Check {
            verdict: Verdict::Warn,
            advice: Some(advice.into()),
            ..Check::ok(check, finding)
        }
    }

    fn fail(check: &'static str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Check {
            verdict: Verdict::Fail,
            ..Check::warn(check, finding, advice)
        }
    }
}

/// Checks everything and reports.
pub(super) fn run(options: &Doctor, output: &mut Output) -> Result<Status, Error> {
    let mut checks = module::checks(options.module.as_deref());
    checks.extend(identity::checks());
    let (seen, error) = view::checks();
    checks.extend(seen);
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    let status = match error {
        Some(error) => error.status(),
        None if failed => Status::Failed,
        None => Status::Found,
    };
    if output.json {
        output.json(&checks)?;
    } else {
        for check in &checks {
            show(output, check)?;
        }
    }
    Ok(status)
}

fn show(output: &mut Output, check: &Check) -> Result<(), Error> {
    let verdict = match check.verdict {
        Verdict::Ok => output.paint("ok  ", Colour::Green),
        Verdict::Warn => output.paint("warn", Colour::Yellow),
        Verdict::Fail => output.paint("fail", Colour::Red),
    };
    output.line(format_args!(
        "{verdict}  {:<12}  {}",
        check.check, check.finding
    ))?;
    if let Some(advice) = &check.advice {
        output.line(format_args!("{:>18}  -> {advice}", ""))?;
    }
    Ok(())
}
