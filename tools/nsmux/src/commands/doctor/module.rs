// SPDX-License-Identifier: GPL-2.0

//! Is the module loaded, of which version, and would it load into this kernel.

use std::fs;
use std::path::{Path, PathBuf};

use super::Check;

const LOADED: &str = "/sys/module/nsmux";

/// The checks of the module, and of this file of it.
pub(super) fn checks(file: Option<&Path>) -> Vec<Check> {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mut checks = vec![Check::ok("kernel", release.clone())];
    let loaded = Path::new(LOADED).exists();
    if loaded {
        checks.push(version(read(&format!("{LOADED}/version"))));
        checks.extend(forced());
        checks.extend(mode_of_new());
    } else {
        checks.push(Check::fail(
            "module",
            "nsmux.ko is not loaded",
            "insmod nsmux.ko, or modprobe nsmux once it is installed",
        ));
    }
    match file.map(Path::to_path_buf).or_else(|| installed(&release)) {
        Some(file) => checks.push(vermagic(&file, &release)),
        None if !loaded => checks.push(Check::warn(
            "file",
            format!("no nsmux.ko is installed for {release}"),
            "build it with `make`, and name it with --module FILE to have it looked at",
        )),
        None => {}
    }
    if !loaded {
        checks.extend(signatures());
    }
    checks
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_string())
}

fn version(module: Option<String>) -> Check {
    let ours = env!("CARGO_PKG_VERSION");
    match module.or_else(|| read("/proc/sys/net/nsmux/version")) {
        Some(version) if version == ours => Check::ok(
            "module",
            format!("nsmux.ko {version} is loaded, as is this tool"),
        ),
        Some(version) => Check::warn(
            "module",
            format!("nsmux.ko {version} is loaded, this tool is {ours}"),
            "build both from one source tree",
        ),
        None => Check::warn(
            "module",
            "nsmux.ko is loaded, but does not tell its version",
            "is /sys or /proc mounted?",
        ),
    }
}

/// A module that was loaded by force may be made for another kernel.
fn forced() -> Option<Check> {
    let taint = read(&format!("{LOADED}/taint"))?;
    taint.contains('F').then(|| {
        Check::fail(
            "module",
            "nsmux.ko was loaded by force",
            "rmmod it, build it for this kernel, and load it without --force",
        )
    })
}

fn mode_of_new() -> Option<Check> {
    let mode = read(&format!("{LOADED}/parameters/mode"))?;
    Some(Check::ok(
        "new netns",
        format!("a namespace made from now on has mode {mode}"),
    ))
}

/// The module that modprobe would take.
fn installed(release: &str) -> Option<PathBuf> {
    let directory = PathBuf::from(format!("/lib/modules/{release}"));
    let list = fs::read_to_string(directory.join("modules.dep")).ok()?;
    let line = list.lines().find(|line| {
        let file = line.split(':').next().unwrap_or_default();
        file.rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with("nsmux.ko"))
    })?;
    Some(directory.join(line.split(':').next()?))
}

fn vermagic(file: &Path, release: &str) -> Check {
    let shown = file.display();
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Check::fail(
                "file",
                format!("{shown}: {error}"),
                "name a file that can be read",
            )
        }
    };
    match vermagic_in(&bytes) {
        Some(magic) if magic.split(' ').next() == Some(release) => {
            Check::ok("file", format!("{shown} is made for this kernel"))
        }
        Some(magic) => Check::fail(
            "file",
            format!("{shown} is made for {magic}"),
            format!("build it for {release}: make KDIR=/lib/modules/{release}/build"),
        ),
        None => Check::warn(
            "file",
            format!("{shown} does not tell its kernel"),
            "a compressed module has to be unpacked first",
        ),
    }
}

/// Finds the text after `vermagic=` among the module's own description.
fn vermagic_in(module: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"\0vermagic=";
    let start = module.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let text = module[start..].split(|&byte| byte == 0).next()?;
    String::from_utf8(text.to_vec()).ok()
}

/// Does this kernel take modules that nobody signed.
fn signatures() -> Option<Check> {
    let enforced = read("/sys/module/module/parameters/sig_enforce")? == "Y";
    let locked =
        read("/sys/kernel/security/lockdown").is_some_and(|state| !state.contains("[none]"));
    (enforced || locked).then(|| {
        Check::warn(
            "signatures",
            "this kernel loads signed modules only",
            "sign nsmux.ko with a key that the kernel trusts (a machine owner key)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn vermagic_is_found_among_other_things() {
        let module = b"\x7fELF\0license=GPL\0vermagic=7.3.4+deb13-amd64 SMP mod_unload \0x";
        let magic = vermagic_in(module).unwrap();
        assert_eq!(magic, "7.3.4+deb13-amd64 SMP mod_unload ");
        assert_eq!(vermagic_in(b"compressed"), None);
    }

    #[test]
    fn a_file_for_another_kernel_fails() {
        let file = std::env::temp_dir().join(format!("nsmux-doctor-{}.ko", std::process::id()));
        fs::write(&file, b"\0vermagic=7.3.4 SMP\0").unwrap();
        let same = vermagic(&file, "7.3.4");
        let other = vermagic(&file, "7.3.5");
        fs::remove_file(&file).unwrap();
        assert_eq!(same.verdict, Verdict::Ok);
        assert_eq!(other.verdict, Verdict::Fail);
        assert!(other
            .advice
            .unwrap()
            .contains("KDIR=/lib/modules/7.3.5/build"));
        assert_eq!(vermagic(&file, "7.3.4").verdict, Verdict::Fail);
    }

    #[test]
    fn versions_are_compared() {
        let same = Some(env!("CARGO_PKG_VERSION").to_string());
        assert_eq!(version(same).verdict, Verdict::Ok);
        assert_eq!(version(Some("0.0.1".to_string())).verdict, Verdict::Warn);
    }
}
