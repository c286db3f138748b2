"""The bucket of a deployment. boto3 reads endpoint, region and keys from AWS_* variables."""

from dags.deployed.errors import DeploymentError


def ensure_bucket(name: str) -> None:
    """Make the bucket unless it is there; raises DeploymentError when the store refuses."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    store = boto3.client("s3")
    try:
        if name not in [bucket["Name"] for bucket in store.list_buckets()["Buckets"]]:
            store.create_bucket(Bucket=name)
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(
            f"the bucket {name!r} cannot be made or found at {store.meta.endpoint_url}: {error}; "
            "check S3_ENDPOINT_URL, S3_ACCESS_KEY and S3_SECRET_KEY in .env"
        ) from error
