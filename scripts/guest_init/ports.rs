// SPDX-License-Identifier: GPL-2.0

//! The virtio-serial ports, found by the names that the host gave them.

use std::{
    fs::{self, File},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

const CLASS: &str = "/sys/class/virtio-ports";

/// A port appears a moment after its driver: this long is enough for the slowest emulation.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells whether the driver of the ports is there.
pub fn present() -> bool {
    Path::new(CLASS).exists()
}

fn find(name: &str) -> io::Result<Option<File>> {
    for entry in fs::read_dir(CLASS)? {
        let entry = entry?;
        // A port without a name is none of ours.
        let Ok(text) = fs::read_to_string(entry.path().join("name")) else {
            continue;
        };
        if text.trim() == name {
            let device = Path::new("/dev").join(entry.file_name());
            return File::options()
                .read(true)
                .write(true)
                .open(device)
                .map(Some);
        }
    }
    Ok(None)
}

/// Opens the port with this name, waiting until the host's side has announced it.
pub fn open(name: &str) -> io::Result<File> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(port) = find(name)? {
            return Ok(port);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("no virtio-serial port {name}")));
        }
        thread::sleep(Duration::from_millis(5));
    }
}
