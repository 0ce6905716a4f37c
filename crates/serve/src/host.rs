//! Host names under which requests may address the server: protection against DNS rebinding.
//!
//! An attacker can let a name of their own resolve to this machine. Browsers then take a page of that name for one of this
//! server's own origin, and send no `Origin` with its reading requests; only the `Host` header tells. An address in that header
//! is always in order, since nobody else can answer there.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, StatusCode, header};
use thiserror::Error;

use crate::error::Refusal;

/// A host name without a port, such as `robot.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// Text that is no host name.
#[derive(Debug, Error)]
#[error("`{found}` is no host name, expected one without scheme and port, such as robot.example")]
pub struct HostNameError {
    found: String,
}

impl FromStr for HostName {
    type Err = HostNameError;

    fn from_str(text: &str) -> Result<Self, HostNameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let is_label = |label: &str| !label.is_empty() && label.chars().all(plain);
        if text.split('.').all(is_label) {
            return Ok(Self(text.to_owned()));
        }
        Err(HostNameError { found: text.to_owned() })
    }
}

/// Refuses a request that addresses the server by a name that is neither `localhost` nor one of these. A request without a `Host`
/// comes from no browser.
pub(crate) fn check(headers: &HeaderMap, names: &[HostName]) -> Result<(), Refusal> {
    for sent in headers.get_all(header::HOST) {
        let sent = String::from_utf8_lossy(sent.as_bytes());
        if !is_known(&sent, names) {
            let message = format!(
                "this server does not go by the name `{sent}`; `--allow-host` names further ones"
            );
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
    }
    Ok(())
}

/// Whether a `Host` header holds an address, `localhost`, or one of the names, with any port.
fn is_known(host: &str, names: &[HostName]) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.0.parse::<IpAddr>().is_ok();
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || names.iter().any(|HostName(known)| known.eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_named_hosts_are_known() {
        let names = ["Robot.example".parse().expect("a name")];
        for host in [
            "127.0.0.1:8080",
            "192.168.1.4",
            "[::1]:8080",
            "localhost:80",
            "LOCALHOST.",
            "gqn.localhost",
            "robot.EXAMPLE:8080",
        ] {
            assert!(is_known(host, &names), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "a.robot.example",
            "[evil.example]",
            "robot",
        ] {
            assert!(!is_known(host, &names), "{host}");
        }
    }

    #[test]
    fn host_names_have_no_scheme_and_no_port() {
        for text in ["robot", "robot-1.local", "a.b.svc.cluster.local"] {
            text.parse::<HostName>().expect(text);
        }
        for text in ["", "*", "robot:8080", "https://robot", ".robot", "a..b", "robot/"] {
            let error = text.parse::<HostName>().expect_err(text).to_string();
            assert!(error.contains(text) && error.contains("expected"), "{error}");
        }
    }
}
