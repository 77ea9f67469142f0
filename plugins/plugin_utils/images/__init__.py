"""Names of images by content, and which of them a node pulls."""
