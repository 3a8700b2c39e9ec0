"""`make deploy` from the first question to running functions, against moto's stand-in for AWS.

    make test-deploy

The recipe, the settings, the SAM CLI and its translator of templates are the real ones. Compiling is
left out: archives are made in its place, and it is looked at which ones arrive. Moto makes what it
knows of a new stack (no HTTP API, no CloudFront, no outputs), and cannot update a stack of this size.
"""

import base64
import hashlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
import textwrap
import tomllib
import unittest
import urllib.request
import warnings
from pathlib import Path

REGION = "eu-central-1"
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

import boto3
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import secretsmanager_backends
from moto.server import ThreadedMotoServer
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
FUNCTIONS = {
    "profile": 1769, "client-data": 512, "storefront": 512, "crm": 512, "privacy": 512, "changes": 256, "notifications": 256,
}  # fmt: skip
OPTIONS = {
    "DomainName": "api.shop.example",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000",
    "WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/portico/00000000",
}
# Stands in for `make build ARCH=…`; each archive tells which function it is of and for which processor.
BUILD = """\
#!/bin/sh
set -eu
[ "$1" = build ]
arch=${2#ARCH=}
echo "$arch" >>builds
for function in %s; do
  mkdir -p "target/lambda/$arch/$function"
  echo "$function for $arch" >"target/lambda/$arch/$function/bootstrap"
  python3 -m zipfile -c "target/lambda/$arch/$function/bootstrap.zip" "target/lambda/$arch/$function/bootstrap"
done
ln -sfn "${BUILT_INSTEAD:-$arch}" target/lambda/current
""" % " ".join(FUNCTIONS)


class Secret(CloudFormationModel):
    """AWS::SecretsManager::Secret, as far as the template needs it."""

    def __init__(self, arn):
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type():
        return "Name"

    @staticmethod
    def cloudformation_type():
        return "AWS::SecretsManager::Secret"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        written = cloudformation_json["Properties"]["GenerateSecretString"]
        value = json.loads(written["SecretStringTemplate"]) | {written["GenerateStringKey"]: "x" * 64}
        backend = secretsmanager_backends[account_id][region_name]
        answer = backend.create_secret(
            name=resource_name,
            secret_string=json.dumps(value),
            secret_binary=None,
            description=None,
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(json.loads(answer)["ARN"])

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, **_):
        return original_resource


class StandIn:
    """What moto does not know: that it is there, and the attributes that the template asks for."""

    physical_resource_id = "stand-in"

    @staticmethod
    def cloudformation_name_type():
        return "Name"

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr in cls.attributes

    def get_cfn_attribute(self, attribute_name):
        return self.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(cls, *_, **__):
        return cls()

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, **_):
        return original_resource


class Distribution(StandIn, CloudFormationModel):
    attributes = {"DomainName": "d0123456789.cloudfront.net"}

    @staticmethod
    def cloudformation_type():
        return "AWS::CloudFront::Distribution"


class EdgeFunction(StandIn, CloudFormationModel):
    attributes = {"FunctionARN": "arn:aws:cloudfront::123456789012:function/viewer"}

    @staticmethod
    def cloudformation_type():
        return "AWS::CloudFront::Function"


class NoManagedPolicies:
    """The template names none, and AWS is not to be asked for them."""

    @staticmethod
    def load():
        return {}


def transforming(create_change_set):
    """Makes moto transform SAM templates, as CloudFormation does before it looks at one."""

    def create(backend, stack_name, change_set_name, template, parameters, *rest, **named):
        parsed = yaml_parse(template)
        if parsed.get("Transform"):
            declared = parsed["Parameters"].items()
            values = {name: parameter.get("Default") for name, parameter in declared} | parameters
            template = json.dumps(transform(parsed, values, NoManagedPolicies()))
        return create_change_set(backend, stack_name, change_set_name, template, parameters, *rest, **named)

    return create


def logical(name):
    """`ClientDataFunction` of `client-data`."""
    return "".join(word.title() for word in name.split("-")) + "Function"


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        CloudFormationBackend.create_change_set = transforming(CloudFormationBackend.create_change_set)
        logging.disable(logging.WARNING)
        warnings.filterwarnings("ignore", message="Tried to parse")
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        # Moto reads a template back from a bucket only from this host name.
        cls.url = f"http://localhost:{cls.server.get_host_and_port()[1]}"

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ["Makefile", "template.yaml", "infra/deploy/settings.py"]:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.folder / name)
        (self.folder / ".tools").symlink_to(ROOT / ".tools")
        build = self.folder / "build"
        build.write_text(BUILD)
        build.chmod(0o755)
        self.reset()

    def reset(self):
        """An empty account, but for the bucket that SAM makes once in each."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).close()
        bucket = {"Resources": {"B": {"Type": "AWS::S3::Bucket"}}, "Outputs": {"SourceBucket": {"Value": {"Ref": "B"}}}}
        self.client("cloudformation").create_stack(
            StackName="aws-sam-cli-managed-default",
            TemplateBody=json.dumps(bucket),
            Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
        )

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION)

    def deploy(self, answers, environment="default", **more):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "AWS_", "SAM_"))}
        env |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": self.url}
        env |= {"AWS_REGION": REGION, "HOME": str(self.folder), **more}
        command = ["make", "--no-print-directory", "deploy", f"ENV={environment}", "MAKE=./build"]
        return subprocess.run(
            command, cwd=self.folder, env=env, input=answers, text=True, capture_output=True, timeout=300, check=False
        )

    def parameters(self):
        return len(yaml_parse(self.folder.joinpath("template.yaml").read_text())["Parameters"])

    def expect(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def refused(self, done, reason):
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(reason, done.stderr)
        stacks = self.client("cloudformation").list_stacks()["StackSummaries"]
        self.assertEqual([stack["StackName"] for stack in stacks], ["aws-sam-cli-managed-default"])

    def configure(self, **parameters):
        overrides = json.dumps([f"{name}={value}" for name, value in parameters.items()])
        self.folder.joinpath("samconfig.toml").write_text(
            textwrap.dedent(
                f"""\
                # Ours.
                version = 0.1
                [default.deploy.parameters]
                stack_name = "portico-dev"
                region = "{REGION}"
                resolve_s3 = true
                capabilities = "CAPABILITY_IAM"
                confirm_changeset = false
                parameter_overrides = {overrides}
                """
            )
        )

    def resources(self, stack):
        resources = self.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def parameter(self, stack, name):
        parameters = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in parameters}[name]

    def variables(self, function):
        configuration = self.client("lambda").get_function(FunctionName=function)["Configuration"]
        return configuration["Environment"]["Variables"]

    def assert_runs(self, stack, architecture):
        ids = self.resources(stack)
        # Moto's functions know no processor; what was asked for is in the stack.
        self.assertEqual(self.parameter(stack, "Architecture"), architecture)
        functions = self.client("lambda")
        for name, memory in FUNCTIONS.items():
            function = functions.get_function(FunctionName=ids[logical(name)])["Configuration"]
            self.assertEqual(function["MemorySize"], memory, name)
            self.assertEqual(function["Environment"]["Variables"]["PORTICO_TABLE"], ids["Table"])
            archive = self.folder / f"target/lambda/{architecture}/{name}/bootstrap.zip"
            digest = base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()
            self.assertEqual(function["CodeSha256"], digest, f"{name}: not the archive that was built")
        return ids

    def test_the_first_run_asks_writes_the_answers_and_deploys(self):
        # Stack, region and stage, and the processor at the second try; the rest as it is, and yes to the changes.
        answers = ["", "", "", "x86_65", "x86_64"] + [""] * (self.parameters() - 2) + ["y"]
        done = self.deploy("\n".join(answers) + "\n", environment="prod")
        self.expect(done)
        self.assertIn("'x86_65' is not possible", done.stderr)
        self.assert_runs("portico-prod", "x86_64")
        config = tomllib.loads(self.folder.joinpath("samconfig.toml").read_text())
        section = config["prod"]["deploy"]["parameters"]
        self.assertEqual((section["stack_name"], section["region"]), ("portico-prod", REGION))
        self.assertEqual(len(section["parameter_overrides"]), self.parameters())
        self.assertIn("Stage=prod", section["parameter_overrides"])

    def test_a_later_run_asks_nothing_and_builds_for_the_processor_of_the_settings(self):
        for architecture in ["arm64", "x86_64"]:
            self.reset()
            self.configure(Stage="dev", Architecture=architecture)
            self.expect(self.deploy(""))
            self.assert_runs("portico-dev", architecture)
        self.assertEqual(self.folder.joinpath("builds").read_text().split(), ["arm64", "x86_64"])

    def test_nothing_is_deployed_that_was_built_for_another_processor(self):
        self.configure(Architecture="arm64")
        self.refused(self.deploy("", BUILT_INSTEAD="x86_64"), "Built is x86_64, to be deployed arm64.")

    def test_settings_that_do_not_say_the_processor_are_refused(self):
        for parameters in [{}, {"Stage": "dev"}, {"Architecture": "riscv"}]:
            self.configure(**parameters)
            self.refused(self.deploy(""), "must have Architecture=arm64 or Architecture=x86_64")
        self.folder.joinpath("samconfig.toml").write_text("version = ")
        self.refused(self.deploy(""), "make deploy: samconfig.toml: ")

    def test_an_unanswered_question_leaves_nothing_behind(self):
        self.refused(self.deploy("\n\n"), "Stage was not answered; nothing is written")
        self.assertFalse(self.folder.joinpath("samconfig.toml").exists())
        self.refused(self.deploy("", environment="../prod"), "ENV=../prod is no environment")

    def test_with_a_web_acl_only_the_http_functions_know_what_cloudfront_proves_itself_with(self):
        for access in ["refused", "allowed"]:
            self.reset()
            zones = self.client("route53")
            zone = zones.create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
            zone = zone.removeprefix("/hostedzone/")
            self.configure(Architecture="arm64", DirectAccess=access, HostedZoneId=zone, **OPTIONS)
            self.expect(self.deploy(""))
            records = zones.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
            names = {(record["Name"].rstrip("."), record["Type"]) for record in records if "AliasTarget" in record}
            self.assertEqual(names, {("api.shop.example", "A"), ("api.shop.example", "AAAA")})
            ids = self.resources("portico-dev")
            known = {
                name: self.variables(ids[logical(name)]).get("PORTICO_ORIGIN_SECRET") for name in FUNCTIONS
            }
            secret = ids["OriginSecret"] if access == "refused" else None
            http = {name: secret for name in ["profile", "client-data", "storefront", "crm"]}
            self.assertEqual(known, http | {"changes": None, "notifications": None, "privacy": None})

    def test_without_options_nothing_is_made_of_them(self):
        self.configure(Architecture="arm64")
        self.expect(self.deploy(""))
        optional = {"EdgeDistribution", "TrueClientIp", "OriginSecret", "OriginSecretPolicy", "ApiDomain",
                    "ApiDomainMapping", "DomainRecord", "DomainRecordIpv6", "AlarmMail"}  # fmt: skip
        ids = self.resources("portico-dev")
        self.assertEqual(optional & set(ids), set())
        self.assertNotIn("PORTICO_ORIGIN_SECRET", self.variables(ids["ProfileFunction"]))

    def test_another_environment_keeps_the_settings_that_are_there(self):
        self.configure(Architecture="arm64")
        before = self.folder.joinpath("samconfig.toml").read_text()
        self.expect(self.deploy("\n" * (2 + self.parameters()) + "y\n", environment="staging"))
        after = self.folder.joinpath("samconfig.toml").read_text()
        self.assertTrue(after.startswith(before), after)


if __name__ == "__main__":
    unittest.main()
