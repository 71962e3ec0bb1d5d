//! Names of services: OPC 10000-4, 5 (services); the numbers of their DefaultBinary encodings are those of
//! OPC 10000-6, Annex A (NodeIds), namespace 0.

use crate::value::Class;

/// A service, found by the type id of its request or of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Type id of the request: what both directions are counted as.
    pub request: u32,
    pub name: &'static str,
    pub class: Class,
    pub is_response: bool,
}

pub const SERVICE_FAULT: u32 = 397;
pub const OPEN_SECURE_CHANNEL: u32 = 446;
pub const CLOSE_SECURE_CHANNEL: u32 = 452;
pub const PUBLISH: u32 = 826;
pub const SESSIONLESS_INVOKE: u32 = 15903;

/// Operations of messages that carry no service. The type ids below 256 are data types, never services.
pub mod operation {
    pub const HELLO: u32 = 1;
    pub const ERROR: u32 = 2;
    pub const REVERSE_HELLO: u32 = 3;
    pub const ENCRYPTED: u32 = 4;
    pub const ABORT: u32 = 5;
}

macro_rules! services {
    ($($request:literal $response:literal $name:literal $class:ident;)*) => {
        /// The service with this type id in namespace 0.
        #[inline]
        pub fn service(id: u32) -> Option<Service> {
            let (request, name, class) = match id {
                $($request | $response => ($request, $name, Class::$class),)*
                SERVICE_FAULT => (SERVICE_FAULT, "service_fault", Class::Other),
                _ => return None,
            };
            Some(Service { request, name, class, is_response: id != request || id == SERVICE_FAULT })
        }

        /// Every service: type id of request and response, name.
        pub const SERVICES: &[(u32, u32, &str)] = &[$(($request, $response, $name)),*];
    };
}

services! {
    422 425 "find_servers" Discover;
    428 431 "get_endpoints" Discover;
    437 440 "register_server" Discover;
    446 449 "open_secure_channel" Session;
    452 455 "close_secure_channel" Session;
    461 464 "create_session" Session;
    467 470 "activate_session" Session;
    473 476 "close_session" Session;
    479 482 "cancel" Session;
    488 491 "add_nodes" Program;
    494 497 "add_references" Program;
    500 503 "delete_nodes" Program;
    506 509 "delete_references" Program;
    527 530 "browse" Discover;
    533 536 "browse_next" Discover;
    554 557 "translate_browse_paths" Discover;
    560 563 "register_nodes" Session;
    566 569 "unregister_nodes" Session;
    615 618 "query_first" Discover;
    621 624 "query_next" Discover;
    631 634 "read" Read;
    664 667 "history_read" Read;
    673 676 "write" Write;
    700 703 "history_update" Write;
    712 715 "call" Control;
    751 754 "create_monitored_items" Read;
    763 766 "modify_monitored_items" Read;
    769 772 "set_monitoring_mode" Read;
    775 778 "set_triggering" Read;
    781 784 "delete_monitored_items" Read;
    787 790 "create_subscription" Read;
    793 796 "modify_subscription" Read;
    799 802 "set_publishing_mode" Read;
    826 829 "publish" Read;
    832 835 "republish" Read;
    841 844 "transfer_subscriptions" Read;
    847 850 "delete_subscriptions" Read;
    12208 12209 "find_servers_on_network" Discover;
    12211 12212 "register_server2" Discover;
    15903 21001 "sessionless_invoke" Other;
}

/// MessageSecurityMode: Part 4, 7.20.
pub fn security_mode(mode: u32) -> Option<&'static str> {
    Some(match mode {
        1 => "none",
        2 => "sign",
        3 => "sign_and_encrypt",
        _ => return None,
    })
}

/// UserTokenType: Part 4, 7.43.
pub fn token_type(kind: u32) -> Option<&'static str> {
    Some(match kind {
        0 => "anonymous",
        1 => "username",
        2 => "certificate",
        3 => "issued",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_found_by_both_ids() {
        for (request, response, name) in SERVICES {
            let (asked, answered) = (service(*request).unwrap(), service(*response).unwrap());
            assert_eq!((asked.name, asked.is_response), (*name, false));
            assert_eq!((answered.name, answered.is_response, answered.request), (*name, true, *request));
        }
        assert_eq!(service(632), None);
    }
}
