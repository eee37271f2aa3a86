"""`postagent`: the command line. Bodies import what they need, so that `--help` is quick.

Exit codes: 0 = done, 1 = it cannot be done or a person is needed (one line on standard error says why), 2 = the command
was not written correctly.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from ops.errors import OpsError, expected

app = typer.Typer(
    name="postagent",
    help="Keeps local businesses present on Google, Facebook and Instagram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
users = typer.Typer(help="Owners.", no_args_is_help=True)
accounts = typer.Typer(help="Connected accounts.", no_args_is_help=True)
keys = typer.Typer(help="Encryption keys.", no_args_is_help=True)
posts = typer.Typer(help="Posts.", no_args_is_help=True)
facts = typer.Typer(help="What posts may say about a business, and its customers' reviews.", no_args_is_help=True)
app.add_typer(users, name="users")
users.add_typer(facts, name="facts")
app.add_typer(posts, name="posts")
app.add_typer(accounts, name="accounts")
app.add_typer(keys, name="keys")


@app.command()
def up(
    demo: Annotated[
        bool | None, typer.Option("--demo/--no-demo", help="Demo businesses; on unless real credentials are set.")
    ] = None,
) -> None:
    """Run everything on this machine until Ctrl-C: database, Prefect, worker, dashboard, and the sandbox if needed."""
    from models.settings import settings
    from ops.stack.up import up as run_everything

    raise typer.Exit(run_everything(settings(), demo=demo, write=lambda line: print(line, flush=True)))


@app.command()
def migrate() -> None:
    """Bring the database up to date and load the prompt templates."""
    from ops.commands.migrate import migrate as run

    print(run())


@app.command()
def doctor() -> None:
    """Say what is wrong with this set-up, and how to mend it."""
    from ops.commands.doctor import examine, tell

    findings = examine()
    tell(findings)
    raise typer.Exit(1 if any(finding.wrong for finding in findings) else 0)


@app.command()
def run(
    flow: Annotated[str, typer.Argument(help="Name of a deployment, such as publish-due-posts.")],
    param: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE")] = None,
) -> None:
    """Run a flow once in this process."""
    from ops.commands.run import run_flow

    succeeded, message = run_flow(flow, param or [])
    print(message)
    raise typer.Exit(0 if succeeded else 1)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is due, late, in doubt or broken, and when each job last did its work."""
    from ops.commands.status import read, tell

    found = read()
    print(json.dumps(found.as_dict(), indent=2)) if as_json else tell(found)
    raise typer.Exit(1 if found.needs_a_person else 0)


@users.command("add")
def users_add(
    email: Annotated[str, typer.Option(help="What the owner logs in with.")],
    business_name: Annotated[str, typer.Option()],
    business_type: Annotated[str, typer.Option("--type", help="The trade: plumber, electrician, bakery, ...")],
    city: Annotated[str, typer.Option()],
    state: Annotated[str, typer.Option(help="Two letters, such as TX.")],
    zone: Annotated[str, typer.Option(help="IANA time zone, such as America/Chicago.")],
    plan: Annotated[str, typer.Option(help="starter, pro or premium.")] = "starter",
    trial: Annotated[bool, typer.Option("--trial", help="Begin with the 14-day trial.")] = False,
    description: Annotated[str | None, typer.Option(help="What posts may say about the business.")] = None,
    website: Annotated[str | None, typer.Option()] = None,
    voice: Annotated[str, typer.Option(help="professional, casual, friendly, ...")] = "professional",
    frequency: Annotated[int, typer.Option(help="Posts a week and account.")] = 3,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it instead of asking.")] = False,
) -> None:
    """Add an owner with their business."""
    from ops.commands.inputs import new_password
    from ops.commands.users import NewOwner, add, check

    owner = NewOwner(
        email=email,
        plan=plan,
        trial=trial,
        business_name=business_name,
        business_type=business_type,
        city=city,
        state=state,
        zone=zone,
        description=description,
        website=website,
        voice=voice,
        frequency=frequency,
    )
    check(owner)
    print(add(owner, new_password(from_stdin=password_stdin)))


@users.command("plan")
def users_plan(
    plan: Annotated[str, typer.Argument(help="starter, pro or premium.")],
    user: Annotated[str, typer.Option(help="The owner's e-mail.")],
    status: Annotated[
        str | None, typer.Option(help="active, paused, canceled or trial; otherwise a trial becomes active.")
    ] = None,
) -> None:
    """Set what an owner may do; it counts at once."""
    from ops.commands.plans import set_plan

    print(set_plan(user, plan, status))


@facts.command("add")
def facts_add(
    text: Annotated[str, typer.Argument(help="One sentence of the owner's, or a review word for word.")],
    user: Annotated[str, typer.Option(help="The owner's e-mail.")],
    kind: Annotated[str, typer.Option(help="fact or review.")] = "fact",
    author: Annotated[str | None, typer.Option(help="Reviews only: the customer, as they may be named.")] = None,
) -> None:
    """Keep what posts may say, or a real review that they may quote."""
    from ops.commands.facts import add, check

    check(kind, text, author)
    print(add(user, kind, text, author))


@facts.command("list")
def facts_list(user: Annotated[str, typer.Option(help="The owner's e-mail.")]) -> None:
    """List them with their ids."""
    from ops.commands.facts import listing

    print("\n".join(listing(user)))


@facts.command("remove")
def facts_remove(
    fact: Annotated[str, typer.Argument(metavar="ID")],
    user: Annotated[str, typer.Option(help="The owner's e-mail.")],
) -> None:
    """Forget one; posts that were written from it stay."""
    from ops.commands.facts import remove

    print(remove(user, fact))


@accounts.command("add")
def accounts_add(
    user: Annotated[str, typer.Option(help="The owner's e-mail.")],
    platform: Annotated[str, typer.Option(help="google, facebook or instagram.")],
    account_id: Annotated[str, typer.Option(help="The platform's own id.")],
    name: Annotated[str, typer.Option(help="What the owner calls it.")],
    login: Annotated[str | None, typer.Option(help="Instagram only: facebook, when connected through it.")] = None,
    expires_in: Annotated[int | None, typer.Option(help="Seconds the access token still lives.")] = None,
    refresh_token_stdin: Annotated[
        bool, typer.Option("--refresh-token-stdin", help="A second line holds the refresh token.")
    ] = False,
) -> None:
    """Connect an account; its access token is read from standard input, never from the command line."""
    from ops.commands.accounts import Given, add, check
    from ops.commands.inputs import tokens

    account = Given(user=user, platform=platform, account_id=account_id, name=name, login=login, expires_in=expires_in)
    check(account)
    access, refresh = tokens(with_refresh=refresh_token_stdin)
    print(add(account, access, refresh))


@posts.command("show")
def posts_show(post: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Tell one post's whole story: what it is, every attempt, every change."""
    from ops.commands.posts import parse_id, show

    raise typer.Exit(0 if show(parse_id(post)) else 1)


@posts.command("retry")
def posts_retry(post: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Give a failed post another chance."""
    from ops.commands.posts import parse_id, retry

    print(retry(parse_id(post)))


@posts.command("verify")
def posts_verify() -> None:
    """Check that nobody rewrote the history of any post."""
    from ops.commands.posts import verify

    intact, found = verify()
    print(found)
    raise typer.Exit(0 if intact else 1)


@keys.command("generate")
def keys_generate() -> None:
    """Print a new encryption key for POSTAGENT_ENCRYPTION_KEYS."""
    from models.crypto import generate_key

    print(generate_key())


@keys.command("rotate")
def keys_rotate() -> None:
    """Seal all stored tokens with the first key, while everything runs, and say which keys are still needed."""
    from ops.commands.keys import rotate_keys

    is_over, lines = rotate_keys()
    print("\n".join(lines))
    raise typer.Exit(0 if is_over else 1)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; every error that a person can mend is one line on standard error."""
    try:
        result: Any = app(arguments, standalone_mode=False)
    except typer.TyperException as error:
        return _refuse(error.format_message(), error.exit_code)
    except typer.Abort:
        return _refuse("stopped", 130)
    except OpsError as error:
        return _refuse(str(error), 1)
    except Exception as error:
        message = expected(error)
        if message is None:
            raise
        return _refuse(message, 1)
    return result if isinstance(result, int) else 0


def _refuse(message: str, code: int) -> int:
    print(" ".join(message.split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
