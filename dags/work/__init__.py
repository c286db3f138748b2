"""What the steps do: extracting and publishing, of a whole run or of its partitions."""
