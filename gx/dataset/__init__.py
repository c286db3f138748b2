"""Datasets: tables of bars, and what is known about them."""
