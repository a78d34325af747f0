# Runs test files, one after the other, with a line before and after each: `sh files.sh FILE…`.
for file; do
  echo "weft-test-file $file"
  node "$file"
  echo "weft-test-status $?"
done
