//! A client of HTTP/1.1, as small as the tests allow.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let is_it = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_it).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The answer, if its status is that.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]);
        assert_eq!(self.status, status, "{text}");
        self
    }

    /// One line of refusal with that status that holds the part.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, part: &str) {
        let answer = self.expect(status);
        let text = answer.json()["error"].as_str().expect("an error").to_owned();
        assert!(text.contains(part) && text.lines().count() == 1, "`{part}` is not in: {text}");
    }
}

/// A connection that is used again and again.
pub(crate) struct Connection(TcpStream, Vec<u8>);

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a limit");
        stream.set_nodelay(true).expect("no delay");
        Self(stream, Vec::new())
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.0
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str("Host: localhost\r\n");
        }
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !headers.iter().any(|(name, _)| *name == "Content-Length") {
            head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        // A server that refuses early closes before all is written.
        let _ = self.0.write_all(head.as_bytes()).and_then(|()| self.0.write_all(body));
    }

    /// The next answer; none if the connection ended before it.
    pub(crate) fn receive(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = self.1.windows(4).position(|part| part == b"\r\n\r\n") {
                break end;
            }
            self.more()?;
        };
        let head = String::from_utf8(self.1.drain(..end + 4).collect()).expect("a head");
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        if answer.header("transfer-encoding").is_some() {
            answer.body = self.chunks()?;
            return Some(answer);
        }
        let length =
            answer.header("content-length").map_or(0, |text| text.parse().expect("a length"));
        while self.1.len() < length {
            self.more()?;
        }
        answer.body = self.1.drain(..length).collect();
        Some(answer)
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.send(method, path, &[], body);
        self.receive().expect("an answer")
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = self.1.windows(2).position(|part| part == b"\r\n") {
                    break end;
                }
                self.more()?;
            };
            let text = String::from_utf8(self.1.drain(..end + 2).collect()).expect("a length");
            let length = usize::from_str_radix(text.trim(), 16).expect("a length");
            while self.1.len() < length + 2 {
                self.more()?;
            }
            body.extend(self.1.drain(..length));
            self.1.drain(..2);
            if length == 0 {
                return Some(body);
            }
        }
    }

    fn more(&mut self) -> Option<()> {
        let mut buffer = vec![0; 1 << 16];
        match self.0.read(&mut buffer) {
            Ok(0) | Err(_) => None,
            Ok(count) => {
                self.1.extend_from_slice(&buffer[..count]);
                Some(())
            }
        }
    }
}
