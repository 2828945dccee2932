// SPDX-License-Identifier: GPL-2.0

//! Process 1 of the guest: mounts what user space expects, runs one command, sends its exit
//! status to the host and restarts the machine, which ends it.
//!
//! The command's output goes to one virtio-serial port and the verdict to another, so that
//! neither can be mistaken for something that the kernel wrote to its console. A guest that
//! dies, hangs or panics sends no verdict, and the host takes that as a failure.

mod mounts;
mod ports;
mod syscalls;

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

/// Where the host leaves the parameters of this run.
const RUN: &str = "/nsmux/run";

/// What a shell answers for a command that it cannot start.
const NOT_FOUND: i32 = 127;

/// Modules without which the host cannot be reached; most kernels have them built in.
const TRANSPORT: [&str; 2] = ["virtio_pci", "virtio_console"];

/// How the host's user meets the command.
enum Terminal {
    /// At the virtio console, as at a terminal.
    Console(File),
    /// Through the output port, which takes what a pipe brings.
    Port(File),
}

fn open_terminal(interactive: bool) -> io::Result<Terminal> {
    if interactive {
        let console = File::options().read(true).write(true).open("/dev/hvc0")?;
        return Ok(Terminal::Console(console));
    }
    ports::open("nsmux.output").map(Terminal::Port)
}

/// Reads the arguments that the host wrote, each closed by a NUL.
fn read_command() -> io::Result<Vec<String>> {
    let text = fs::read_to_string(format!("{RUN}/command"))?;
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

fn prepare(arguments: &[String]) -> Command {
    // The two outputs become one pipe, so that what is written first is seen first.
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec \"$@\" 2>&1", "sh"])
        .args(arguments)
        .current_dir("/root")
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .env("TERM", "linux")
        .env("LC_ALL", "C.UTF-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // A pipe is no terminal, and yet the host wants to see progress.
        .env("PYTHONUNBUFFERED", "1");
    command
}

/// Waits for the command, and collects every process that dies meanwhile: orphans become
/// children of process 1.
fn wait_for(child: &Child) -> io::Result<ExitStatus> {
    loop {
        let (pid, status) = syscalls::wait_for_any_child()?;
        if pid == child.id() {
            return Ok(status);
        }
    }
}

/// Copies until the last writer is gone. `io::copy` would let the kernel splice, and a port's
/// splice ends before the pipe does.
fn pass_on(mut from: impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = [0; 65536];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            length => to.write_all(&buffer[..length])?,
        }
    }
}

/// Runs the command to its end.
///
/// Its output goes through a pipe, since a port can be opened only once and a program may want to
/// open `/dev/stdout`.
fn run(arguments: &[String], terminal: Terminal) -> io::Result<ExitStatus> {
    let mut command = prepare(arguments);
    let mut port = match terminal {
        Terminal::Console(console) => {
            let child = command
                .stdin(console.try_clone()?)
                .stdout(console)
                .spawn()?;
            return wait_for(&child);
        }
        Terminal::Port(port) => port,
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let pipe = child.stdout.take();
    let relay = thread::spawn(move || match pipe {
        Some(pipe) => pass_on(pipe, &mut port),
        None => Ok(()),
    });
    let status = wait_for(&child)?;
    // What the command left running may hold the pipe open for ever.
    syscalls::kill_all()?;
    match relay.join() {
        Ok(result) => result.map(|()| status),
        Err(_) => Err(io::Error::other("the relay of the output panicked")),
    }
}

/// A shell's idea of an exit status: the code, or 128 and the signal that ended the command.
fn shell_status(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

fn serve() -> io::Result<()> {
    mounts::mount_all()?;
    if !ports::present() {
        Command::new("modprobe")
            .arg("-a")
            .args(TRANSPORT)
            .status()?;
    }
    let nonce = fs::read_to_string(format!("{RUN}/nonce"))?;
    let interactive = fs::exists(format!("{RUN}/interactive"))?;
    let mut verdict = ports::open("nsmux.verdict")?;
    let status = match run(&read_command()?, open_terminal(interactive)?) {
        Ok(status) => shell_status(status),
        Err(error) => {
            eprintln!("init: cannot run the command: {error}");
            NOT_FOUND
        }
    };
    writeln!(verdict, "NSMUX-VERDICT {} {status}", nonce.trim())?;
    Ok(())
}

fn main() {
    if let Err(error) = serve() {
        eprintln!("init: {error}");
    }
    let error = syscalls::restart();
    // Returning makes the kernel panic, which ends the guest as well.
    eprintln!("init: cannot restart the machine: {error}");
}
