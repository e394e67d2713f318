"""Root layerings of DAGs: their weights with the parents summed out, and the DAGs that have them."""
