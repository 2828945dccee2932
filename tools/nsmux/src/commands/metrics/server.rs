// SPDX-License-Identifier: GPL-2.0

//! A small HTTP server for one page, /metrics, on a loopback port.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::error::{Error, Status};
use crate::output::openmetrics::Format;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who has not sent a whole request after this time is left alone: others wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// No request for a page is longer.
const LONGEST_REQUEST: u64 = 16 * 1024;

/// Answers one request after the other.
pub(super) fn serve(
    address: SocketAddr,
    scrape: impl Fn(Format) -> Result<String, Error>,
) -> Result<Status, Error> {
    let listener = TcpListener::bind(address).map_err(Error::io(format!("listen on {address}")))?;
    let address = listener.local_addr().unwrap_or(address);
    eprintln!("nsmux: serving http://{address}/metrics");
    for stream in listener.incoming() {
        let result = stream.and_then(|stream| answer(stream, &scrape));
        if let Err(error) = result {
            eprintln!("nsmux: a request failed: {error}");
        }
    }
    Ok(Status::Found)
}

/// What of a request matters.
struct Request {
    method: String,
    path: String,
    openmetrics: bool,
}

fn read(stream: impl Read) -> io::Result<Option<Request>> {
    let mut lines = BufReader::new(stream.take(LONGEST_REQUEST)).lines();
    let Some(first) = lines.next().transpose()? else {
        return Ok(None);
    };
    let mut words = first.split_ascii_whitespace();
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next())
    else {
        return Ok(None);
    };
    let mut request = Request {
        method: method.to_string(),
        path: target.split('?').next().unwrap_or_default().to_string(),
        openmetrics: false,
    };
    if !version.starts_with("HTTP/1.") {
        return Ok(None);
    }
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            return Ok(Some(request));
        }
        if let Some(accepted) = line.strip_prefix("accept:") {
            request.openmetrics |= accepted.contains("application/openmetrics-text");
        }
    }
    Ok(None)
}

fn answer(stream: TcpStream, scrape: impl Fn(Format) -> Result<String, Error>) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read(Patient {
        stream: &stream,
        until: Instant::now() + PATIENCE,
    })?;
    respond(&stream, request, scrape)
}

/// A connection that is read from until a certain time, however little comes at once.
struct Patient<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

fn respond(
    mut to: impl Write,
    request: Option<Request>,
    scrape: impl Fn(Format) -> Result<String, Error>,
) -> io::Result<()> {
    let mut head_only = false;
    let (status, kind, body) = match request {
        None => ("400 Bad Request", PLAIN, "not a request\n".to_string()),
        Some(request) if request.method != "GET" && request.method != "HEAD" => (
            "405 Method Not Allowed",
            PLAIN,
            "only GET and HEAD\n".to_string(),
        ),
        Some(request) if request.path != "/metrics" => {
            ("404 Not Found", PLAIN, "only /metrics\n".to_string())
        }
        Some(request) => {
            head_only = request.method == "HEAD";
            let (format, kind) = match request.openmetrics {
                true => (Format::Openmetrics, OPENMETRICS),
                false => (Format::Text, PLAIN),
            };
            match scrape(format) {
                Ok(text) => ("200 OK", kind, text),
                Err(error) => ("503 Service Unavailable", PLAIN, format!("{error}\n")),
            }
        }
    };
    let length = body.len();
    write!(
        to,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    if !head_only {
        to.write_all(body.as_bytes())?;
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(request: &str, scrape: Result<&str, Error>) -> String {
        let scrape = scrape.map(str::to_string);
        let scrape = std::cell::Cell::new(Some(scrape));
        let mut reply = Vec::new();
        let request = read(request.as_bytes()).unwrap();
        respond(&mut reply, request, |_| scrape.take().unwrap()).unwrap();
        String::from_utf8(reply).unwrap()
    }

    #[test]
    fn metrics_in_the_format_that_is_wanted() {
        let plain = exchange("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Ok("a 1\n"));
        assert!(plain.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain;"));
        assert!(plain.ends_with("Content-Length: 4\r\nConnection: close\r\n\r\na 1\n"));
        let wanted = "GET /metrics?x HTTP/1.0\r\nAccept: application/openmetrics-text;q=1\r\n\r\n";
        assert!(exchange(wanted, Ok("")).contains("Content-Type: application/openmetrics-text;"));
        assert!(exchange("HEAD /metrics HTTP/1.1\r\n\r\n", Ok("a 1\n")).ends_with("\r\n\r\n"));
    }

    #[test]
    fn patience_has_an_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _silent = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let patient = |until| Patient {
            stream: &stream,
            until,
        };
        assert!(read(patient(Instant::now())).is_err());
        assert!(read(patient(Instant::now() + Duration::from_millis(1))).is_err());
    }

    #[test]
    fn what_is_not_there() {
        assert!(exchange("GET / HTTP/1.1\r\n\r\n", Ok("")).contains(" 404 "));
        assert!(exchange("POST /metrics HTTP/1.1\r\n\r\n", Ok("")).contains(" 405 "));
        for broken in [
            "",
            "GET\r\n\r\n",
            "GET /metrics SPDY\r\n\r\n",
            "GET /metrics HTTP/1.1\r\n",
        ] {
            assert!(exchange(broken, Ok("")).contains(" 400 "), "{broken}");
        }
        let reply = exchange("GET /metrics HTTP/1.1\r\n\r\n", Err(Error::NotLoaded));
        assert!(reply.contains(" 503 ") && reply.contains("nsmux.ko is not loaded"));
    }
}
