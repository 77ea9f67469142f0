"""Where Ansible's own objects are read; everything behind it is plain Python."""
