//! Names of what services number: OPC 10000-3, 8.29 (node classes) and 5 (attributes, Table of identifiers in OPC 10000-6,
//! Annex A); OPC 10000-4, 7; OPC 10000-5, 12.6 (server states); OPC 10000-11, 6.8 (kinds of update).

macro_rules! names {
    ($(#[$told:meta])* $function:ident: $($number:literal $name:literal),* $(,)?) => {
        $(#[$told])*
        pub fn $function(number: u32) -> Option<&'static str> {
            Some(match number {
                $($number => $name,)*
                _ => return None,
            })
        }
    };
}

names! {
    /// ApplicationType: Part 4, 7.4.
    application_type: 0 "server", 1 "client", 2 "client_and_server", 3 "discovery_server"
}

names! {
    /// Attribute ids: Part 6, A.1.
    attribute:
    1 "node_id", 2 "node_class", 3 "browse_name", 4 "display_name", 5 "description", 6 "write_mask",
    7 "user_write_mask", 8 "is_abstract", 9 "symmetric", 10 "inverse_name", 11 "contains_no_loops",
    12 "event_notifier", 13 "value", 14 "data_type", 15 "value_rank", 16 "array_dimensions", 17 "access_level",
    18 "user_access_level", 19 "minimum_sampling_interval", 20 "historizing", 21 "executable", 22 "user_executable",
    23 "data_type_definition", 24 "role_permissions", 25 "user_role_permissions", 26 "access_restrictions",
    27 "access_level_ex",
}

names! {
    node_class:
    0 "unspecified", 1 "object", 2 "variable", 4 "method", 8 "object_type", 16 "variable_type", 32 "reference_type",
    64 "data_type", 128 "view",
}

names! {
    /// MonitoringMode: Part 4, 7.23.
    monitoring_mode: 0 "disabled", 1 "sampling", 2 "reporting"
}

names! {
    /// DataChangeTrigger: Part 4, 7.22.2.
    trigger: 0 "status", 1 "status_value", 2 "status_value_timestamp"
}

names! {
    /// Part 4, 7.22.2; Part 8, 6.2 (percent).
    deadband: 0 "none", 1 "absolute", 2 "percent"
}

names! {
    /// FilterOperator: Part 4, 7.7.3.
    operator:
    0 "equals", 1 "is_null", 2 "greater_than", 3 "less_than", 4 "greater_than_or_equal", 5 "less_than_or_equal",
    6 "like", 7 "not", 8 "between", 9 "in_list", 10 "and", 11 "or", 12 "cast", 13 "in_view", 14 "of_type",
    15 "related_to", 16 "bitwise_and", 17 "bitwise_or",
}

names! {
    /// PerformUpdateType: Part 11, 6.8.
    update: 1 "insert", 2 "replace", 3 "update", 4 "remove"
}

names! {
    server_state:
    0 "running", 1 "failed", 2 "no_configuration", 3 "suspended", 4 "shutdown", 5 "test", 6 "communication_fault",
    7 "unknown",
}
