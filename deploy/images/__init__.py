"""Small images, built here: what the demo and the tests run where no registry can be reached."""
