"""The settings of one environment in samconfig.toml: asks for them the first time, then prints the
processor that its functions are built for.

    .tools/sam/bin/python infra/deploy/settings.py ENVIRONMENT

Run by `make deploy`, with the Python of the SAM CLI: it brings a reader of templates and a writer of
TOML that keeps comments.
"""

import os
import re
import shlex
import sys
from pathlib import Path

import tomlkit
from samcli.yamlhelper import yaml_parse

CONFIG = Path("samconfig.toml")
TEMPLATE = Path("template.yaml")
# Without a buffer: what comes after the answers is for `sam deploy`, which asks for a yes.
STDIN = open(0, "rb", buffering=0, closefd=False)


def fail(reason):
    sys.exit(f"make deploy: {reason}")


def say(text):
    print(text, file=sys.stderr)


def ask(name, what, default, is_good):
    """An answer, or the default for an empty line. Asks again until it is good."""
    say(f"\n{what}")
    while True:
        print(f"{name} [{default}]: ", end="", file=sys.stderr, flush=True)
        line = STDIN.readline().decode()
        if not line:
            fail(f"{name} was not answered; nothing is written")
        answer = line.strip() or default
        if is_good(answer):
            return answer
        say(f"  {answer!r} is not possible")


def possible(parameter):
    """Whether CloudFormation would take an answer for a parameter."""

    def is_good(answer):
        if "AllowedValues" in parameter:
            return answer in map(str, parameter["AllowedValues"])
        if parameter["Type"] == "Number":
            low, high = parameter.get("MinValue", 0), parameter.get("MaxValue", float("inf"))
            return answer.isdigit() and low <= int(answer) <= high
        return re.fullmatch(parameter.get("AllowedPattern", ".*"), answer) is not None

    return is_good


def asked(environment):
    """A new section: where to, and every parameter of the template."""
    say(f"{CONFIG} has no settings for {environment!r} yet. An empty line takes what is in brackets;")
    say("docs/deploy.md explains each. They are written to that file, to be changed and kept there.")
    parameters = yaml_parse(TEMPLATE.read_text())["Parameters"]
    stage = "dev" if environment == "default" else environment
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    name = re.compile("[A-Za-z][A-Za-z0-9-]{0,39}").fullmatch
    place = {
        "stack_name": ask("Stack", "Name of the CloudFormation stack.", f"portico-{stage}", name),
        "region": ask("Region", "AWS region.", region, re.compile("[a-z]{2}(-[a-z]+)+-[0-9]").fullmatch),
    }
    overrides = []
    for key, parameter in parameters.items():
        default = stage if key == "Stage" else str(parameter.get("Default", ""))
        answer = ask(key, parameter["Description"], default, possible(parameter))
        overrides.append(f"{key}={answer}" if answer else f'{key}=""')
    return place, overrides


def write(environment, place, overrides):
    config = tomlkit.parse(CONFIG.read_text()) if CONFIG.exists() else tomlkit.document()
    config.setdefault("version", 0.1)
    section = tomlkit.table()
    for key, value in place.items():
        section[key] = value
    section["resolve_s3"] = True
    section["capabilities"] = "CAPABILITY_IAM"
    section["confirm_changeset"] = True
    section["fail_on_empty_changeset"] = False
    section["parameter_overrides"] = tomlkit.array(overrides).multiline(True)
    config.setdefault(environment, tomlkit.table(True)).setdefault("deploy", tomlkit.table(True))
    config[environment]["deploy"]["parameters"] = section
    CONFIG.write_text(tomlkit.dumps(config))
    say(f"\nWritten to {CONFIG}.")


def architecture(environment):
    """The processor that the section names, or none if there is no such section."""
    try:
        config = tomlkit.parse(CONFIG.read_text()).unwrap()
    except FileNotFoundError:
        return None
    except tomlkit.exceptions.TOMLKitError as error:
        fail(f"{CONFIG}: {error}")
    section = config.get(environment, {}).get("deploy", {}).get("parameters")
    if section is None:
        return None
    overrides = section.get("parameter_overrides", [])
    if isinstance(overrides, str):
        overrides = shlex.split(overrides)
    named = [each.split("=", 1)[1] for each in overrides if each.startswith("Architecture=")]
    # Left out, it would be what it was at the last deployment, which nothing here knows.
    if named not in (["arm64"], ["x86_64"]):
        fail(
            f"{CONFIG}: parameter_overrides of [{environment}.deploy.parameters] must have "
            "Architecture=arm64 or Architecture=x86_64, once"
        )
    return named[0]


def main(environment):
    if not re.fullmatch("[a-z][a-z0-9-]*", environment):
        fail(f"ENV={environment} is no environment: lower-case letters, digits and hyphens")
    if architecture(environment) is None:
        write(environment, *asked(environment))
    print(architecture(environment))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
