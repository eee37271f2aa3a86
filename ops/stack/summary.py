"""What `postagent up` prints when everything is ready."""

from __future__ import annotations

from ops.demo.businesses import PASSWORD, demo_logins
from ops.stack.environment import starts_sandbox
from ops.stack.house import House


def summary(house: House) -> str:
    """Addresses, logins, where the logs are, how to stop."""
    record = house.record
    lines = ["", f"PostAgentPro is ready after {house.progress.seconds:.1f} s.", ""]
    lines.append(f"  Dashboard   {record.dashboard_url}")
    lines.append(f"  Prefect     {record.prefect_url}")
    if record.sandbox_url is not None:
        mine = starts_sandbox(house.config)
        lines.append(
            f"  Sandbox     {record.sandbox_url}"
            f"{'   (what is live, and mails; nothing leaves this machine)' if mine else ''}"
        )
    if house.demo:
        lines += ["", f"  Demo logins, password {PASSWORD}"]
        lines += [f"    {plan:<8}  {email:<34} {name}" for plan, email, name in demo_logins()]
    else:
        lines += ["", "  Add an owner: postagent users add --help"]
    lines += ["", f"  Logs in {house.logs}", "  Stop with Ctrl-C; the data stay.", ""]
    return "\n".join(lines)
