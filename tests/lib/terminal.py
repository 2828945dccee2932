# SPDX-License-Identifier: GPL-2.0
"""A terminal of tmux, for programs that draw on a screen."""

import secrets
import subprocess
import time

from .patience import end_after

# Seconds until a screen has to show what it is waited for.
PATIENCE = 60
COLUMNS, LINES = 80, 24


class Terminal:
    """A screen with a shell, driven by keys; use it as a context manager."""

    def __init__(self, columns=COLUMNS, lines=LINES):
        self.server = f"nsmux-{secrets.token_hex(4)}"
        self.size = ["-x", str(columns), "-y", str(lines)]

    def tmux(self, *arguments):
        """Give tmux a command, and its output back."""
        return subprocess.run(["tmux", "-u", "-L", self.server, "-f", "/dev/null", *arguments],
                              check=True, capture_output=True, text=True).stdout

    def __enter__(self):
        self.tmux("new-session", "-d", *self.size, "env", "PS1=ready> ", "dash")
        self.wait_for("ready>")
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def keys(self, *names):
        """Press keys, by tmux's names of them."""
        self.tmux("send-keys", *names)

    def type(self, text):
        """Type a text as it is."""
        self.tmux("send-keys", "-l", text)

    def terminate(self, program):
        """Send SIGTERM to a program that the shell has started."""
        subprocess.run(["pkill", "-TERM", "-P", self.shell(), "-x", program], check=True)

    def number_of(self, program):
        """The process that the program is which the shell has started."""
        return int(subprocess.run(["pgrep", "-P", self.shell(), "-x", program], check=True,
                                  capture_output=True, text=True).stdout)

    def shell(self):
        """The shell's process, as text."""
        return self.tmux("display-message", "-p", "#{pane_pid}").strip()

    def screen(self):
        """What is on the screen, as lines."""
        return self.tmux("capture-pane", "-p").splitlines()

    def wait_until(self, condition, what):
        """The screen, once the condition holds for it."""
        end = end_after(PATIENCE)
        while not condition(lines := self.screen()):
            if time.monotonic() > end:
                raise TimeoutError(f"the screen does not show {what}:\n" + "\n".join(lines))
            time.sleep(0.05)
        return lines

    def wait_for(self, text):
        """The screen, once the text is on it."""
        return self.wait_until(lambda lines: any(text in line for line in lines), text)

    def wait_without(self, text):
        """The screen, once the text is not on it any more."""
        return self.wait_until(lambda lines: all(text not in line for line in lines),
                               f"no {text}")
