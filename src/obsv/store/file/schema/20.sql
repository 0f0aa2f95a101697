-- Schema version 20: nothing replays spill files, so that none has a position.
drop table if exists spill_progress;
