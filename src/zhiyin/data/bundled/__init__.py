"""Real data that comes with the package: Online Retail, a year of a British gift shop, with all of its dirt.

Chen, D. (2015). Online Retail. UCI Machine Learning Repository, CC BY 4.0; see LICENSE.txt in this folder.
"""

from pathlib import Path

ONLINE_RETAIL_SHA256 = "962d35b24587196e683144c98a2dbfade3fa46ecc57fa86d3c7cf537d98e8724"


def online_retail() -> Path:
    """The Parquet file of all 541,909 invoice lines, nothing cleaned.

    Columns: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.
    """
    return Path(__file__).with_name("online_retail.parquet")
