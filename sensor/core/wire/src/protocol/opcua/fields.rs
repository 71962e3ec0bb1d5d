//! The slots and flaws of an OPC UA record.

use crate::value::{field, list, slots, Kind};

slots! {
    MESSAGE_TYPE = 0 => field("opcua.message_type", Kind::Text);
    CHUNK_TYPE = 1 => field("opcua.chunk_type", Kind::Text);
    MESSAGE_SIZE = 2 => field("opcua.message_size", Kind::Unsigned);
    CHUNKS = 3 => field("opcua.chunks", Kind::Unsigned);
    CHANNEL_ID = 4 => field("opcua.channel_id", Kind::Unsigned);
    TOKEN_ID = 5 => field("opcua.token_id", Kind::Unsigned);
    SEQUENCE_NUMBER = 6 => field("opcua.sequence_number", Kind::Unsigned);
    REQUEST_ID = 7 => field("opcua.request_id", Kind::Unsigned);
    SERVICE = 8 => field("opcua.service", Kind::Text);
    SERVICE_ID = 9 => field("opcua.service_id", Kind::Unsigned);
    REQUEST_HANDLE = 10 => field("opcua.request_handle", Kind::Unsigned);
    STATUS_CODE = 11 => field("opcua.status_code", Kind::Unsigned);
    STATUS_NAME = 12 => field("opcua.status_name", Kind::Text);
    RESULT_CODES = 13 => list("opcua.result_codes", Kind::Unsigned);
    SECURITY_POLICY = 14 => field("opcua.security_policy", Kind::Text);
    SECURITY_MODE = 15 => field("opcua.security_mode", Kind::Text);
    ENCRYPTED = 16 => field("opcua.encrypted", Kind::Boolean);
    CERTIFICATE = 17 => field("opcua.certificate_sha256", Kind::Bytes);
    RECEIVER = 18 => field("opcua.receiver_thumbprint", Kind::Bytes);
    REQUEST_TYPE = 19 => field("opcua.request_type", Kind::Text);
    LIFETIME = 20 => field("opcua.lifetime_ms", Kind::Unsigned);
    ENDPOINT_URL = 21 => field("opcua.endpoint_url", Kind::Text);
    APPLICATION_NAME = 22 => field("opcua.application_name", Kind::Text);
    APPLICATION_URI = 23 => field("opcua.application_uri", Kind::Text);
    PRODUCT_URI = 24 => field("opcua.product_uri", Kind::Text);
    SESSION_NAME = 25 => field("opcua.session_name", Kind::Text);
    SESSION_ID = 26 => field("opcua.session_id", Kind::Text);
    IDENTITY = 27 => field("opcua.identity_token", Kind::Text);
    USER_NAME = 28 => field("opcua.user_name", Kind::Text);
    PASSWORD_ENCRYPTED = 29 => field("opcua.password_encrypted", Kind::Boolean);
    NODE_IDS = 30 => list("opcua.node_ids", Kind::Text);
    ATTRIBUTE_IDS = 31 => list("opcua.attribute_ids", Kind::Unsigned);
    VALUES = 32 => list("opcua.values", Kind::Any);
    OBJECT_IDS = 33 => list("opcua.object_ids", Kind::Text);
    METHOD_IDS = 34 => list("opcua.method_ids", Kind::Text);
    ARGUMENT_COUNTS = 35 => list("opcua.argument_counts", Kind::Unsigned);
    BROWSE_NAMES = 36 => list("opcua.browse_names", Kind::Text);
    REFERENCE_COUNTS = 37 => list("opcua.reference_counts", Kind::Unsigned);
    SUBSCRIPTION_ID = 38 => field("opcua.subscription_id", Kind::Unsigned);
    SUBSCRIPTION_IDS = 39 => list("opcua.subscription_ids", Kind::Unsigned);
    MONITORED_ITEM_IDS = 40 => list("opcua.monitored_item_ids", Kind::Unsigned);
    CLIENT_HANDLES = 41 => list("opcua.client_handles", Kind::Unsigned);
    NOTIFICATION_COUNT = 42 => field("opcua.notification_count", Kind::Unsigned);
    PUBLISHING_INTERVAL = 43 => field("opcua.publishing_interval_ms", Kind::Float);
    ENDPOINT_URLS = 44 => list("opcua.endpoint_urls", Kind::Text);
    SECURITY_POLICIES = 45 => list("opcua.security_policies", Kind::Text);
    SECURITY_MODES = 46 => list("opcua.security_modes", Kind::Text);
    TOKEN_TYPES = 47 => list("opcua.identity_tokens", Kind::Text);
    SERVER_URIS = 48 => list("opcua.server_uris", Kind::Text);
    PROTOCOL_VERSION = 49 => field("opcua.protocol_version", Kind::Unsigned);
    RECEIVE_BUFFER = 50 => field("opcua.receive_buffer_size", Kind::Unsigned);
    SEND_BUFFER = 51 => field("opcua.send_buffer_size", Kind::Unsigned);
    MAX_MESSAGE_SIZE = 52 => field("opcua.max_message_size", Kind::Unsigned);
    MAX_CHUNK_COUNT = 53 => field("opcua.max_chunk_count", Kind::Unsigned);
    ERROR_REASON = 54 => field("opcua.error_reason", Kind::Text);
    CANCEL_COUNT = 55 => field("opcua.cancel_count", Kind::Unsigned);
    SECURITY_MODE_SOURCE = 56 => field("opcua.security_mode_source", Kind::Text);
    NEW_TOKEN = 57 => field("opcua.new_token", Kind::Boolean);
    CERTIFICATE_SHA1 = 58 => field("opcua.certificate_sha1", Kind::Bytes);
    CERTIFICATE_URI = 59 => field("opcua.certificate_uri", Kind::Text);
    CERTIFICATE_NAME = 60 => field("opcua.certificate_name", Kind::Text);
    APPLICATION_TYPE = 61 => field("opcua.application_type", Kind::Text);
    SERVER_NAMES = 62 => list("opcua.server_names", Kind::Text);
    ATTRIBUTE_NAMES = 63 => list("opcua.attribute_names", Kind::Text);
    INDEX_RANGES = 64 => list("opcua.index_ranges", Kind::Text);
    STATUS_NAMES = 65 => list("opcua.status_names", Kind::Text);
    VALUE_CODES = 66 => list("opcua.value_codes", Kind::Unsigned);
    REFERENCE_TYPES = 67 => list("opcua.reference_types", Kind::Text);
    TARGET_IDS = 68 => list("opcua.target_ids", Kind::Text);
    NODE_CLASSES = 69 => list("opcua.node_classes", Kind::Text);
    TYPE_IDS = 70 => list("opcua.type_ids", Kind::Text);
    METHOD_NAMES = 71 => list("opcua.method_names", Kind::Text);
    ARGUMENT_RESULTS = 72 => list("opcua.argument_results", Kind::Unsigned);
    HISTORY_KINDS = 73 => list("opcua.history_kinds", Kind::Text);
    UPDATE_KINDS = 74 => list("opcua.update_kinds", Kind::Text);
    START_TIMES = 75 => list("opcua.start_times", Kind::Text);
    END_TIMES = 76 => list("opcua.end_times", Kind::Text);
    TIMES = 77 => list("opcua.times", Kind::Text);
    AGGREGATES = 78 => list("opcua.aggregates", Kind::Text);
    MONITORING_MODES = 79 => list("opcua.monitoring_modes", Kind::Text);
    SAMPLING_INTERVALS = 80 => list("opcua.sampling_intervals_ms", Kind::Float);
    TRIGGERS = 81 => list("opcua.data_change_triggers", Kind::Text);
    DEADBAND_TYPES = 82 => list("opcua.deadband_types", Kind::Text);
    DEADBANDS = 83 => list("opcua.deadbands", Kind::Float);
    EVENT_FIELDS = 84 => list("opcua.event_fields", Kind::Text);
    FILTER_OPERATORS = 85 => list("opcua.filter_operators", Kind::Text);
    SUBSCRIPTION_STATUS = 86 => field("opcua.subscription_status", Kind::Unsigned);
    NOTIFICATION_SEQUENCE = 87 => field("opcua.notification_sequence", Kind::Unsigned);
    PUBLISHING_ENABLED = 88 => field("opcua.publishing_enabled", Kind::Boolean);
    LIFETIME_COUNT = 89 => field("opcua.lifetime_count", Kind::Unsigned);
    KEEP_ALIVE_COUNT = 90 => field("opcua.keep_alive_count", Kind::Unsigned);
    TRIGGERING_ITEM = 91 => field("opcua.triggering_item_id", Kind::Unsigned);
    REMOVED_ITEMS = 92 => list("opcua.removed_item_ids", Kind::Unsigned);
    DIAGNOSTICS = 93 => list("opcua.diagnostics", Kind::Text);
    AUDIT_ENTRY = 94 => field("opcua.audit_entry_id", Kind::Text);
    CANCELLED_HANDLE = 95 => field("opcua.cancelled_handle", Kind::Unsigned);
    DELETE_SUBSCRIPTIONS = 96 => field("opcua.delete_subscriptions", Kind::Boolean);
    MANUFACTURER = 97 => field("opcua.manufacturer", Kind::Text);
    PRODUCT_NAME = 98 => field("opcua.product_name", Kind::Text);
    SOFTWARE_VERSION = 99 => field("opcua.software_version", Kind::Text);
    SERVER_STATE = 100 => field("opcua.server_state", Kind::Text);
    HISTORY_COUNTS = 101 => list("opcua.history_counts", Kind::Unsigned);
}

/// Bits of `Record::flaws`.
pub const FLAWS: &[&str] = &[
    "opcua.bad_length",          // the size is below its header or beyond any message: framing is lost
    "opcua.bad_chunk",           // chunk type is not C, F or A, or this message type cannot be in chunks
    "opcua.short_body",          // the message ends before its fields do
    "opcua.trailing_bytes",      // the message goes on after its fields (and its signature, if it has one)
    "opcua.bad_encoding",        // an encoding byte, a type or a length that Part 6 does not define
    "opcua.nesting",             // variants or diagnostic infos nested deeper than our budget
    "opcua.sequence_gap",        // the sequence number does not follow the last one of its direction
    "opcua.channel_mismatch",    // another secure channel id than the one opened on this connection
    "opcua.unknown_service",     // the type id is not that of a service
    "opcua.message_too_large",   // beyond our budget for one message: the rest was not read
    "opcua.too_many_unfinished", // an unfinished message was given up for newer ones
    "opcua.list_cut",            // more values than listed
    "opcua.bad_value",           // a number outside its enumeration, or a limit of Part 6 broken
    "opcua.clear_opening",       // an opening under a security policy that is not encrypted
    "opcua.wrong_direction",     // a client's message from the server, or the other way round
];

pub mod flaw {
    pub const BAD_LENGTH: usize = 0;
    pub const BAD_CHUNK: usize = 1;
    pub const SHORT_BODY: usize = 2;
    pub const TRAILING: usize = 3;
    pub const BAD_ENCODING: usize = 4;
    pub const NESTING: usize = 5;
    pub const SEQUENCE_GAP: usize = 6;
    pub const CHANNEL_MISMATCH: usize = 7;
    pub const UNKNOWN_SERVICE: usize = 8;
    pub const TOO_LARGE: usize = 9;
    pub const TOO_MANY_UNFINISHED: usize = 10;
    pub const LIST_CUT: usize = 11;
    pub const BAD_VALUE: usize = 12;
    pub const CLEAR_OPENING: usize = 13;
    pub const WRONG_DIRECTION: usize = 14;
}
