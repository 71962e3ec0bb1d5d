"""Work that was announced (检修窗口), and who may do it (可信服务商名单)."""

from detectors.maintenance.expected import Expected
from detectors.maintenance.orders import Order, read_orders
from detectors.maintenance.suppliers import Supplier, Suppliers, read_suppliers
from detectors.maintenance.uplinks import with_uplinks

__all__ = ["Expected", "Order", "Supplier", "Suppliers", "read_orders", "read_suppliers", "with_uplinks"]
