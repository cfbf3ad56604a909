"""What those run who build the book."""
