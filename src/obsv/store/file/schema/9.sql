-- Schema version 9: a row may stand for several calls, or for calls that were only counted: the rollups say how many of the calls that they
-- count are not stored as rows, so that what is an estimate can be told from what is not.
alter table calls_minute add column unrecorded integer not null default 0;
drop view process_minute;
create view process_minute as
select minute, process_id, count, errors, total_ns, max_ns, last_ns, cpu_ns, memory_bytes, unrecorded
from calls_minute where edge = 0 and parent_id = 0;
alter table span add column weight integer; -- how many calls the row stands for; null: one; 0: see its obsv.left_out values
