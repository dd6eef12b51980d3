"""A newcomer's tasks on a dirty CSV, each in the lines that a user writes.

    python examples/newcomer.py transactions.csv

The CSV is a shop's invoice lines as they are: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
CustomerID, Country. Nothing is cleaned by hand.
"""

import sys
import tempfile

import zhiyin

# from a dirty CSV to ten items in your own ids
dataset = zhiyin.read(sys.argv[1], fixes="shop")
split = zhiyin.split(dataset, "time", days=30)
model = zhiyin.models.EASE().fit(split.train)
print(model.recommend(dataset.history_of(["17850"]), k=10).ids)

# what was left out on the way, and why
print("\n".join(rule.sentence.en for rule in dataset.report))

# a basket of somebody unknown
print(model.recommend([["85123A", "22632", "22633"]], k=10).ids)

# an item that was never sold is named, and the rest is answered
print(model.recommend([["85123A", "NEW001"]], k=3).notes)

# split in time, popularity beside, intervals, the rule in words
print(zhiyin.evaluate({"EASE": model}, split))

# save, load elsewhere, the same answer
folder = tempfile.mkdtemp()
model.save(f"{folder}/ease")
print(zhiyin.load(f"{folder}/ease").recommend([["85123A", "22632", "22633"]], k=10).ids)
