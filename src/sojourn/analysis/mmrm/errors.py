"""Why a model can't be fitted, said so that the reader can mend it."""


class NotFittable(ValueError):
    """The data or the model as asked for do not determine an estimate."""


class NotConverged(NotFittable):
    """The likelihood's maximum was not found, or it is not a maximum."""
