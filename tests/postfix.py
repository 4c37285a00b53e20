"""Postfix for the tests: hands out mail to the world, takes it from there and for our mailbox, and makes real bounces.
It has its own configuration, queue and ports on loopback, and nothing of the machine's own Postfix."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from domain.settings import ROOT
from workers.cli.test import postfix_programs

OWNER, GROUP, OTHERS = "mail", "games", "nobody"  # every Debian has them; Postfix wants three that differ
LARGEST = 1_000_000  # bytes of a mail
FORWARDED = ("moved@lots.example", "new@mail.example")  # what comes to the one goes on to the other

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {programs}
command_directory = {programs}
shlib_directory = {libraries}
meta_directory = {home}
import_environment = MAIL_CONFIG LD_LIBRARY_PATH LANG=C
mail_owner = {owner}
setgid_group = {group}
default_privs = {others}
maillog_file = {home}/log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.lots.example
mydomain = lots.example
myorigin = lots.example
mynetworks =
mydestination =
local_recipient_maps =
local_transport = error:nobody lives on this machine
alias_maps =
alias_database =
relay_domains =
relayhost = [127.0.0.1]:{world}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_connection_cache_on_demand = no
smtpd_peername_lookup = no
recipient_delimiter = +
virtual_mailbox_domains = lots.example
virtual_mailbox_maps = inline:{{ {login}={mailbox}/ }}
virtual_alias_maps = inline:{{ {forwarded} }}
virtual_mailbox_base = {above}
virtual_mailbox_limit = 0
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = {largest}
smtpd_tls_chain_files = {above}/cert.key, {above}/cert.pem
smtpd_tls_auth_only = yes
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sender_login_maps = inline:{{ {login}={login} }}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:{policy}
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
notify_classes =
in_flow_delay = 0
# What is not taken now is tried every second, and its sender told at once that it is late.
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
"""

SIGNED_IN = "-o smtpd_sasl_auth_enable=yes -o smtpd_sender_restrictions=reject_sender_login_mismatch"

MASTER = f"""
127.0.0.1:{{starttls}} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {SIGNED_IN}
127.0.0.1:{{tls}} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {SIGNED_IN}
127.0.0.1:{{expired}} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {SIGNED_IN}
  -o {{{{ smtpd_tls_chain_files={{above}}/expired.key, {{above}}/expired.pem }}}}
127.0.0.1:{{incoming}} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""


class Missing(Exception):
    """Postfix is not here or cannot be started; the sentence says what to do."""


@contextmanager
def running(home: Path, settings: Mapping[str, object]) -> Iterator["subprocess.Popen[bytes]"]:
    """Below `home`, which its owner and the mailbox's share; its log is `home/postfix/log`."""
    programs = postfix_programs()
    if programs is None:
        raise Missing("Postfix is not here, and email is tested against it. Run “./lotwire test” once.")
    become = _root()
    inside, libraries = home / "postfix", programs.parent
    inside.mkdir()
    words = {"home": inside, "above": home, "programs": programs, "libraries": libraries, "largest": LARGEST}
    words["forwarded"] = "=".join(FORWARDED)
    words |= {"owner": OWNER, "group": GROUP, "others": OTHERS}
    (inside / "main.cf").write_text(MAIN.format(**words, **settings))
    (inside / "master.cf").write_text(MASTER.format(**words, **settings))
    (inside / "log").touch()  # Postfix would keep it to itself
    keep = [sys.executable, "-B", "-S", "-m", "tests.postfix_keeper", programs, libraries, inside, OWNER, GROUP]
    with open(home / "output", "ab") as output:
        # By our end of its stdin it knows that we are there: what sudo starts gets no signal when we are killed.
        keeper = subprocess.Popen([*become, *keep], stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=ROOT)
    try:
        yield keeper
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(30)


def _root() -> list[str]:
    """What to write in front of a command that needs root."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    if not shutil.which("sudo") or subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode:
        raise Missing(
            "Postfix starts as root alone, and email is tested against it. Run the tests as root, "
            "or as somebody whom sudo asks for no password."
        )
    return sudo
