"""From predictions to one frozen report: confusion matrix, per-class scores, intervals."""
