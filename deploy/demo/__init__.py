"""`make run`: the main job, its tasks, and the small images that it needs, built here."""
