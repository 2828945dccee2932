// SPDX-License-Identifier: GPL-2.0

//! Process 1 of the guest: mounts what user space expects, runs one command, sends its exit
//! status to the host and turns the machine off.
//!
//! The command's output goes to one virtio-serial port and the verdict to another, so that
//! neither can be mistaken for something that the kernel wrote to its console. A guest that
//! dies, hangs or panics sends no verdict, and the host takes that as a failure.

mod mounts;
mod ports;
mod syscalls;

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus, Stdio},
};

/// Where the host leaves the parameters of this run.
const RUN: &str = "/nsmux/run";

/// What a shell answers for a command that it cannot start.
const NOT_FOUND: i32 = 127;

/// Modules without which the host cannot be reached; most kernels have them built in.
const TRANSPORT: [&str; 2] = ["virtio_pci", "virtio_console"];

struct Terminal {
    input: Stdio,
    output: Stdio,
    error: Stdio,
}

/// Opens what the command reads from and writes to: the virtio console when a person sits at
/// it, and the output port otherwise.
fn open_terminal(interactive: bool) -> io::Result<Terminal> {
    if interactive {
        let console = File::options().read(true).write(true).open("/dev/hvc0")?;
        return Ok(Terminal {
            input: console.try_clone()?.into(),
            output: console.try_clone()?.into(),
            error: console.into(),
        });
    }
    let port = ports::open("nsmux.output")?;
    Ok(Terminal {
        input: Stdio::null(),
        output: port.try_clone()?.into(),
        error: port.into(),
    })
}

/// Reads the arguments that the host wrote, each closed by a NUL.
fn read_command() -> io::Result<Vec<String>> {
    let text = fs::read_to_string(format!("{RUN}/command"))?;
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

/// Runs the command and collects every process that dies meanwhile, since orphans become
/// children of process 1.
fn run(arguments: &[String], terminal: Terminal) -> io::Result<ExitStatus> {
    let (program, rest) = arguments
        .split_first()
        .ok_or_else(|| io::Error::other("the host gave no command"))?;
    let child = Command::new(program)
        .args(rest)
        .current_dir("/root")
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .env("TERM", "linux")
        .env("LC_ALL", "C.UTF-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // The output port is no terminal, and yet the host wants to see progress.
        .env("PYTHONUNBUFFERED", "1")
        .stdin(terminal.input)
        .stdout(terminal.output)
        .stderr(terminal.error)
        .spawn()?;
    loop {
        let (pid, status) = syscalls::wait_for_any_child()?;
        if pid == child.id() {
            return Ok(status);
        }
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
        Command::new("modprobe").arg("-a").args(TRANSPORT).status()?;
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
    let error = syscalls::power_off();
    // Returning makes the kernel panic, which ends the guest as well.
    eprintln!("init: cannot turn the machine off: {error}");
}
