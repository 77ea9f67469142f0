"""The registry's address, its accounts and what its answers mean."""
