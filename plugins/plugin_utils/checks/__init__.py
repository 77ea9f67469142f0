"""What forbids a run: small functions over the input, the hosts and the stack."""
