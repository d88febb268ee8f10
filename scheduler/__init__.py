"""The program that holds the framework: it turns offers into tasks and keeps account of them."""
