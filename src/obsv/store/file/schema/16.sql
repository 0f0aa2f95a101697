-- Schema version 16: an archive is kept without a command, for log records too, and says how it fares.
alter table archive add column keep_ns integer;              -- age at which parts are deleted; null: never
alter table archive add column log_watermark integer not null default 0; -- log_record.id, as `watermark` of calls
alter table archive add column reached_ns integer;           -- when all that was due was archived last, Unix time
alter table archive add column failing_ns integer;           -- since when the archive could not be written; null: it can
alter table archive add column failure text not null default '';
update archive set keep_ns = 2592000000000000;
alter table archive_part add column kind text not null default 'calls'; -- or 'logs', whose ids are those of log_record
insert into tally values ('unarchived_logs', 0, 0);
