"""Training on published bars: folds, a model, an honest judgement of it, and its signals."""
