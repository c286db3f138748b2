"""What can go wrong in a deployment. Every message says what to do."""


class DeploymentError(Exception):
    """A service of the deployment cannot be prepared, or is not healthy."""
