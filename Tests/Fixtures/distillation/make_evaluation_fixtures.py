#!/usr/bin/env python3
"""Writes evaluation.json: logits of 90 images and 7 classes, and what scikit-learn measures of them.

    python3 Tests/Fixtures/distillation/make_evaluation_fixtures.py

Made with Python 3.11, numpy 2.4.6, scikit-learn 1.9.1. Logits are multiples of 1/256, which float32
and the JSON hold exactly. No image is of the last class, and no two logits of an image are equal, so
that nothing depends on how ties are resolved. The calibration error is the mean over the images of
|accuracy - confidence| of their bin, of bins that calibration_curve makes: 15 of equal width.
"""

import json
import pathlib

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, log_loss, recall_score, top_k_accuracy_score

IMAGES, CLASSES, BINS = 90, 7, 15


def main():
    draws = np.random.default_rng(11)
    labels = draws.integers(0, CLASSES - 1, IMAGES)
    logits = draws.normal(0, 1.5, (IMAGES, CLASSES))
    # Some images are easy and some are not, so that confidences fill the bins.
    logits[np.arange(IMAGES), labels] += draws.uniform(0, 5, IMAGES)
    logits = np.round(logits * 256).astype(int)
    for row in logits:
        assert len(set(row)) == CLASSES
    values = logits / 256
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    answers = shares.argmax(axis=1)
    confidences = shares.max(axis=1)
    right = (answers == labels).astype(int)
    accuracy, confidence = calibration_curve(right, confidences, n_bins=BINS, strategy="uniform")
    edges = np.linspace(0, 1, BINS + 1)
    images = np.bincount(np.searchsorted(edges[1:-1], confidences), minlength=BINS)
    error = np.sum(images[images > 0] * np.abs(accuracy - confidence)) / IMAGES
    every = list(range(CLASSES))
    there = list(range(CLASSES - 1))
    fixture = {
        "logits_256": logits.tolist(),
        "labels": labels.tolist(),
        "top1": 100 * top_k_accuracy_score(labels, values, k=1, labels=every),
        "top5": 100 * top_k_accuracy_score(labels, values, k=5, labels=every),
        "loss": log_loss(labels, shares, labels=every),
        "calibration_error": error,
        "bin_images": images.tolist(),
        "confusion": confusion_matrix(labels, answers, labels=every).tolist(),
        "recall": (100 * recall_score(labels, answers, labels=there, average=None)).tolist(),
    }
    path = pathlib.Path(__file__).parent / "evaluation.json"
    path.write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
