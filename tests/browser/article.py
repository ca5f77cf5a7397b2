"""What the tests of the article's page share."""

EPOCHS = 40
"""Of the trainings behind the page: the curves are drawn from any number of them."""
