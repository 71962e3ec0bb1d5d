//! Commands: their names, what they do, and the few arguments that matter.

use super::elements::{element, Element, Elements};
use super::{bad, flaw, Mode, Redis, ARGUMENTS, COMMAND, INLINE, KEYS, PARAMETER, SUBCOMMAND};
use crate::protocol::text::word::Word;
use crate::protocol::text::{first_word, operation, put, readable, Operation};
use crate::protocol::{Context, Step};
use crate::value::{Class, Record, Role, Value};

/// Arguments that are looked at: `HELLO 3 AUTH user password`.
const LOOKED_AT: usize = 4;
/// Bytes of one that is.
const LONGEST: u64 = 256;

const UNKNOWN: Operation = operation(1, "unknown", Class::Other);

/// How many of the arguments are keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    None,
    One,
    All,
    /// Key, value, key, value.
    EverySecond,
}

fn known(name: &[u8]) -> (Operation, Keys) {
    use Class::{Control, Diagnose, Discover, Other, Program, Read, Session, Write};
    use Keys::{All, EverySecond, None, One};
    let (number, name, class, keys) = match name {
        b"AUTH" => (10, "auth", Session, None),
        b"HELLO" => (11, "hello", Session, None),
        b"QUIT" => (12, "quit", Session, None),
        b"RESET" => (13, "reset", Session, None),
        b"SELECT" => (14, "select", Session, None),
        b"PING" => (15, "ping", Diagnose, None),
        b"ECHO" => (16, "echo", Diagnose, None),
        b"INFO" => (17, "info", Discover, None),
        b"COMMAND" => (18, "command", Discover, None),
        b"DBSIZE" => (19, "dbsize", Discover, None),
        b"KEYS" => (20, "keys", Discover, None),
        b"SCAN" => (21, "scan", Discover, None),
        b"CLIENT" => (22, "client", Session, None),
        b"CONFIG" => (23, "config", Program, None),
        b"ACL" => (24, "acl", Program, None),
        b"MODULE" => (25, "module", Program, None),
        b"SLAVEOF" => (26, "slaveof", Program, None),
        b"REPLICAOF" => (27, "replicaof", Program, None),
        b"EVAL" | b"EVAL_RO" => (28, "eval", Program, None),
        b"EVALSHA" | b"EVALSHA_RO" => (29, "evalsha", Program, None),
        b"SCRIPT" => (30, "script", Program, None),
        b"FUNCTION" => (31, "function", Program, None),
        b"FCALL" | b"FCALL_RO" => (32, "fcall", Program, None),
        b"DEBUG" => (33, "debug", Control, None),
        b"SHUTDOWN" => (34, "shutdown", Control, None),
        b"FAILOVER" => (35, "failover", Control, None),
        b"CLUSTER" => (36, "cluster", Control, None),
        b"SENTINEL" => (37, "sentinel", Control, None),
        b"SAVE" => (38, "save", Control, None),
        b"BGSAVE" => (39, "bgsave", Control, None),
        b"BGREWRITEAOF" => (40, "bgrewriteaof", Control, None),
        b"FLUSHALL" => (41, "flushall", Write, None),
        b"FLUSHDB" => (42, "flushdb", Write, None),
        b"SWAPDB" => (43, "swapdb", Write, None),
        b"MIGRATE" => (44, "migrate", Write, None),
        b"MONITOR" => (45, "monitor", Diagnose, None),
        b"SLOWLOG" | b"LATENCY" | b"MEMORY" | b"LOLWUT" | b"TIME" | b"LASTSAVE" | b"ROLE" => {
            (46, "diagnose", Diagnose, None)
        }
        b"SYNC" => (47, "sync", Read, None),
        b"PSYNC" => (48, "psync", Read, None),
        b"REPLCONF" => (49, "replconf", Session, None),
        b"WAIT" | b"READONLY" | b"READWRITE" | b"ASKING" => (50, "cluster_mode", Session, None),
        b"MULTI" => (51, "multi", Session, None),
        b"EXEC" => (52, "exec", Write, None),
        b"DISCARD" => (53, "discard", Session, None),
        b"WATCH" => (54, "watch", Session, All),
        b"UNWATCH" => (55, "unwatch", Session, None),
        b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" => (56, "subscribe", Session, None),
        b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" | b"SUNSUBSCRIBE" => (57, "unsubscribe", Session, None),
        b"PUBLISH" | b"SPUBLISH" => (58, "publish", Write, None),
        b"PUBSUB" => (59, "pubsub", Discover, None),
        b"GET" => (60, "get", Read, One),
        b"MGET" => (61, "mget", Read, All),
        b"SET" => (62, "set", Write, One),
        b"MSET" | b"MSETNX" => (63, "mset", Write, EverySecond),
        b"DEL" | b"UNLINK" => (64, "del", Write, All),
        b"EXISTS" | b"TOUCH" => (65, "exists", Read, All),
        b"EXPIRE" | b"PEXPIRE" | b"EXPIREAT" | b"PEXPIREAT" | b"PERSIST" => (66, "expire", Write, One),
        b"RENAME" | b"RENAMENX" => (67, "rename", Write, All),
        b"TYPE" | b"TTL" | b"PTTL" | b"STRLEN" | b"OBJECT" | b"EXPIRETIME" => (68, "describe_key", Read, One),
        b"DUMP" => (69, "dump", Read, One),
        b"RESTORE" => (70, "restore", Write, One),
        b"HGET" | b"HMGET" | b"HGETALL" | b"HKEYS" | b"HVALS" | b"HLEN" | b"HEXISTS" | b"HSCAN" | b"HSTRLEN"
        | b"HRANDFIELD" | b"LRANGE" | b"LINDEX" | b"LLEN" | b"LPOS" | b"SMEMBERS" | b"SISMEMBER" | b"SMISMEMBER"
        | b"SCARD" | b"SSCAN" | b"SRANDMEMBER" | b"ZRANGE" | b"ZREVRANGE" | b"ZRANGEBYSCORE" | b"ZREVRANGEBYSCORE"
        | b"ZSCORE" | b"ZMSCORE" | b"ZCARD" | b"ZCOUNT" | b"ZRANK" | b"ZREVRANK" | b"ZSCAN" | b"XRANGE"
        | b"XREVRANGE" | b"XLEN" | b"XINFO" | b"XPENDING" | b"GETRANGE" | b"SUBSTR" | b"GETBIT" | b"BITCOUNT"
        | b"BITPOS" | b"PFCOUNT" | b"GEOPOS" | b"GEODIST" | b"GEOSEARCH" => (71, "read_value", Read, One),
        b"SINTER" | b"SUNION" | b"SDIFF" => (72, "read_values", Read, All),
        b"XREAD" | b"XREADGROUP" | b"BLPOP" | b"BRPOP" | b"BLMOVE" | b"BZPOPMIN" | b"BZPOPMAX" | b"BRPOPLPUSH" => {
            (73, "wait_for_value", Read, None)
        }
        b"HSET" | b"HMSET" | b"HSETNX" | b"HDEL" | b"HINCRBY" | b"HINCRBYFLOAT" | b"LPUSH" | b"RPUSH" | b"LPUSHX"
        | b"RPUSHX" | b"LPOP" | b"RPOP" | b"LSET" | b"LREM" | b"LTRIM" | b"LINSERT" | b"SADD" | b"SREM" | b"SPOP"
        | b"ZADD" | b"ZREM" | b"ZINCRBY" | b"ZPOPMIN" | b"ZPOPMAX" | b"ZREMRANGEBYSCORE" | b"ZREMRANGEBYRANK"
        | b"XADD" | b"XDEL" | b"XTRIM" | b"XACK" | b"XGROUP" | b"XCLAIM" | b"XAUTOCLAIM" | b"INCR" | b"DECR"
        | b"INCRBY" | b"DECRBY" | b"INCRBYFLOAT" | b"APPEND" | b"SETEX" | b"PSETEX" | b"SETNX" | b"GETSET"
        | b"GETDEL" | b"GETEX" | b"SETRANGE" | b"SETBIT" | b"BITFIELD" | b"PFADD" | b"GEOADD" => {
            (74, "write_value", Write, One)
        }
        b"RPOPLPUSH" | b"LMOVE" | b"SMOVE" | b"COPY" | b"SINTERSTORE" | b"SUNIONSTORE" | b"SDIFFSTORE"
        | b"ZUNIONSTORE" | b"ZINTERSTORE" | b"SORT" => (75, "write_values", Other, None),
        _ => return (UNKNOWN, None),
    };
    (operation(number, name, class), keys)
}

/// A line of text that begins with a command.
pub fn inline_plausible(bytes: &[u8]) -> bool {
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    match bytes.get(letters) {
        None => (1..=16).contains(&letters),
        Some(b' ' | b'\r' | b'\n') => known(Word::upper(bytes.get(..letters).unwrap_or_default()).bytes()).0 != UNKNOWN,
        Some(_) => false,
    }
}

/// What was looked at of a command.
#[derive(Default)]
struct Said<'a> {
    name: &'a [u8],
    arguments: [&'a [u8]; LOOKED_AT],
    /// How many there are, looked at or not.
    count: u64,
}

impl Redis {
    pub(super) fn asks(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [_, client] = &mut self.sides;
        if bytes.first() != Some(&b'*') {
            return self.inline(bytes, context, record);
        }
        let (used, left) = match element(bytes) {
            Element::Aggregate { count, used, .. } => (used, count),
            Element::Line { used, .. } => return Step::Kept { used },
            Element::Short => return Step::Short { need: bytes.len().saturating_add(1) },
            _ => return bad(client, bytes, record),
        };
        if left == 0 {
            return Step::Kept { used };
        }
        let mut said = Said { count: left.saturating_sub(1), ..Said::default() };
        let (mut used, mut left) = (used, left);
        let Said { name, arguments, .. } = &mut said;
        for place in std::iter::once(name).chain(arguments) {
            if left == 0 {
                break;
            }
            let rest = bytes.get(used..).unwrap_or_default();
            let (header, length) = match element(rest) {
                Element::Bulk { header, length, .. } => (header, length),
                Element::Short => return Step::Short { need: bytes.len().saturating_add(1) },
                _ => return bad(client, bytes, record),
            };
            if length > LONGEST {
                break;
            }
            let end = header.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            let whole = end.saturating_add(2);
            match rest.get(header..end) {
                Some(text) if rest.len() >= whole => *place = text,
                _ => return Step::Short { need: used.saturating_add(whole) },
            }
            used = used.saturating_add(whole);
            left = left.saturating_sub(1);
        }
        let mut passing = Elements { left, bytes: 0 };
        match passing.pass(bytes.get(used..).unwrap_or_default()) {
            Ok(passed) => used = used.saturating_add(passed),
            Err(()) => {
                record.flaw(flaw::ELEMENT);
                client.searching = true;
                passing = Elements::default();
            }
        }
        client.passing = passing;
        self.command(&said, context, record);
        Step::Message { used }
    }

    fn inline(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [_, client] = &mut self.sides;
        let within = bytes.get(..crate::limits::TEXT_LINE_BYTES).unwrap_or(bytes);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if bytes.len() < crate::limits::TEXT_LINE_BYTES && readable(bytes.trim_ascii()) {
                return Step::Short { need: bytes.len().saturating_add(1) };
            }
            record.flaw(flaw::LONG);
            return bad(client, bytes, record);
        };
        let used = end.saturating_add(1);
        let line = within.get(..end).unwrap_or_default().trim_ascii();
        if line.is_empty() {
            return Step::Kept { used };
        }
        if !readable(line) || !line.first().is_some_and(u8::is_ascii_alphabetic) {
            return bad(client, bytes, record);
        }
        let mut said = Said::default();
        let (name, mut rest) = first_word(line);
        said.name = name;
        while !rest.is_empty() {
            let (word, behind) = first_word(rest);
            if let Some(place) = usize::try_from(said.count).ok().and_then(|at| said.arguments.get_mut(at)) {
                *place = word;
            }
            said.count = said.count.saturating_add(1);
            rest = behind;
        }
        record.set(INLINE, Value::Bool(true));
        self.command(&said, context, record);
        Step::Message { used }
    }

    fn command(&mut self, said: &Said<'_>, context: &Context<'_>, record: &mut Record) {
        let name = Word::upper(said.name);
        let (operation, keys) = known(name.bytes());
        let [first, second, third, fourth] = said.arguments;
        operation.tell(record);
        record.role = Role::Request;
        // What somebody types may be anything, a password too.
        if operation != UNKNOWN || record.get(INLINE).is_none() {
            put(record, COMMAND, name.bytes());
        }
        record.set_u(ARGUMENTS, said.count);
        record.set_u(
            KEYS,
            match keys {
                Keys::None => 0,
                Keys::One => said.count.min(1),
                Keys::All => said.count,
                Keys::EverySecond => said.count.div_ceil(2),
            },
        );
        match name.bytes() {
            b"AUTH" if said.count >= 2 => record.login(first, Some(second), context.site),
            b"AUTH" => record.login(b"", Some(first), context.site),
            b"HELLO" if second.eq_ignore_ascii_case(b"auth") => record.login(third, Some(fourth), context.site),
            b"CONFIG" => {
                put(record, SUBCOMMAND, Word::upper(first).bytes());
                put(record, PARAMETER, second);
                if !first.eq_ignore_ascii_case(b"set") && !first.eq_ignore_ascii_case(b"rewrite") {
                    record.class = Class::Discover;
                }
            }
            // The host that is to be the master.
            b"SLAVEOF" | b"REPLICAOF" => put(record, PARAMETER, first),
            b"MODULE" => {
                put(record, SUBCOMMAND, Word::upper(first).bytes());
                put(record, PARAMETER, second);
            }
            b"CLIENT" | b"ACL" | b"SCRIPT" | b"FUNCTION" | b"DEBUG" | b"CLUSTER" | b"SENTINEL" | b"REPLCONF"
            | b"PUBSUB" | b"COMMAND" | b"OBJECT" | b"MEMORY" | b"SLOWLOG" | b"LATENCY" => {
                put(record, SUBCOMMAND, Word::upper(first).bytes());
            }
            _ if operation == UNKNOWN => record.flaw(flaw::COMMAND_NAME),
            _ => {}
        }
        match name.bytes() {
            b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"MONITOR" => self.mode = Mode::Pushes,
            b"QUIT" | b"RESET" => self.mode = Mode::Answers,
            _ => {}
        }
        // REPLCONF ACK has no answer.
        let answered =
            self.mode == Mode::Answers && !(name.bytes() == b"REPLCONF" && first.eq_ignore_ascii_case(b"ack"));
        if answered {
            record.reference = Some(self.waiting.ask(operation));
        } else {
            record.role = Role::Unsolicited;
        }
    }
}
