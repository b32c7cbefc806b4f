#!/usr/bin/perl
# A commit whose connection is lost while it is under way, so that nobody knows
# what has come of it: where it is there, it is answered as it was meant, and
# where it is not, made once more; and never answered before a standby has it.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Postgres qw(pg_cluster pg_missing pg_psql pg_start pg_stop
    pg_url);
use Strongroom::Proc qw(launch wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my $cluster = pg_start(pg_cluster());
my @server = ($cluster->{dir}, 'strongroom');
pg_psql($cluster->{dir}, 'postgres', 'CREATE DATABASE strongroom');

sub sql {
	return pg_psql(@server, $_) for "@_";
}

# One, not two: a setting is none of a transaction's.
sub set {
	my ($setting) = @_;
	sql($_) for "ALTER SYSTEM $setting", 'SELECT pg_reload_conf()';
	return;
}

# Who commits now, once somebody does, but that one.
sub committing {
	my ($event, $but) = @_;
	my $pid;
	wait_until(60, sub {
		$pid = sql('SELECT pid FROM pg_stat_activity WHERE '
		    . "application_name = 'strongroom' AND "
		    . "wait_event = '$event' AND pid <> "
		    . ($but // 0));
		return $pid =~ /\d/;
	}) or die "nobody waits for $event";
	return $pid + 0;
}

sub save {
	my ($house, $identifier) = @_;
	my $said = $house->fcgi(body => '{"name":"n","integration_type":"jira",'
	    . "\"unique_identifier\":\"$identifier\"}");
	return ($said->{status}, $said->{body});
}

my $house = house(conf => { busy_timeout_ms => 60000,
    database => pg_url(@server) });
my $worker = $house->worker;
$house->key;
save($house, 'first');

sub answer_of {
	my ($said) = $_[0]->();
	return @$said;
}

# How often it is stored, and audited.
sub counts {
	my ($identifier) = @_;
	return sql('SELECT (SELECT count(*) FROM integrations WHERE '
	    . "unique_identifier = '$identifier') || ' ' || (SELECT count(*) "
	    . 'FROM audit JOIN integrations USING (integration_id) WHERE '
	    . "unique_identifier = '$identifier')") =~ s/\n//r;
}

# -- it is on the primary, and waits for a standby that is not there

set("SET synchronous_standby_names = 'nobody'");
my $answer = launch(1, sub { save($house, 'waits') });
my $pid = committing('SyncRep');
sql("SELECT pg_terminate_backend($pid)");
my $next = committing('SyncRep', $pid);
ok($next, 'another connection waits');
is(counts('waits'), '1 1', 'and the row is there');
sql("SELECT pg_terminate_backend($next)");
ok(committing('SyncRep', $next), 'as long as it takes');
set('RESET synchronous_standby_names');
my ($status, $body) = answer_of($answer);
is($status, 200, 'a save whose commit was there: 200');
is(counts('waits'), '1 1', 'it is there once, and audited once');
like($body, qr/"status":"active"/, 'the answer is a save\'s');

# -- it is not: what would have been done at its end, is not

sql(<<'END');
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER stalls AFTER INSERT ON integrations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stall();
END
$answer = launch(1, sub { save($house, 'stalls') });
$pid = committing('PgSleep');
is(counts('stalls'), '0 0', 'nothing is there yet');
sql("CREATE OR REPLACE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS "
    . "'BEGIN RETURN NULL; END'");
sql("SELECT pg_terminate_backend($pid)");
($status, $body) = answer_of($answer);
is($status, 200, 'a save whose commit was not there is made once more: 200');
is(counts('stalls'), '1 1', 'it is there once, and audited once');
is($house->admin($_)->{exit}, 0, $_) for 'check';
is($house->admin(qw(audit verify))->{exit}, 0, 'audit verify');

# -- nobody tells in time

$house->stop_worker;
$house->write_conf(database => pg_url(@server),
    busy_timeout_ms => 1000 * slow());
$worker = $house->worker;
set("SET synchronous_standby_names = 'nobody'");
$answer = launch(1, sub { save($house, 'unknown') });
$pid = committing('SyncRep');
sql("SELECT pg_terminate_backend($pid)");
($status, $body) = answer_of($answer);
is($status, 500, 'a save of which nobody knows in time: 500');
like($body, qr/Database write failed/, 'as a failed commit is');
set('RESET synchronous_standby_names');
is((save($house, 'unknown'))[0], 200, 'to send it again is safe');
is(counts('unknown') =~ s/ .*//r, 1, 'and gives no second row');
$house->stop_worker;
pg_stop($cluster);

finish();
