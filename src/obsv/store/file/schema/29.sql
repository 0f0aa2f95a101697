-- Schema version 29: decisions and outcomes beyond their age limit go into the archive, like calls and log records.
alter table archive add column decision_watermark integer not null default 0; -- decision_made.id, as `watermark` of calls
alter table archive add column outcome_watermark integer not null default 0;  -- outcome_seen.id
insert into tally values ('unarchived_decisions', 0, 0);
