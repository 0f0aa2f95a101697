-- Schema version 30: alerts and their history have the kind of their rule at that time: a rule that is renamed or changed
-- since does not show viewers what it read then. Rows of before are masked as those of SQL.
alter table alert add column kind text not null default 'sql';
alter table alert_event add column kind text not null default 'sql';
