#!/usr/bin/perl
# strongroom move: all that is stored goes to a server's database while clients
# save, change and delete; killed on the way, and begun again. What they were
# told is what is there then, and the file takes no change any more.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Postgres qw(pg_database pg_missing);
use Strongroom::Proc qw(launch reap running start wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my ($CLIENTS, $NAMES, $ROWS) = (4, 20, 2500);
my ($house, $moved, $url, $full, $enough);

# All rows of a table, its columns as SQLite knows them.
my $model = house(store => 'sqlite');
my @tables = map { $_->{name} } $model->rows('SELECT name FROM sqlite_schema '
    . "WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
my %columns = map { my $table = $_; ($table => [$model->rows(
    "SELECT name, type FROM pragma_table_info('$table')")]) } @tables;

sub table_of {
	my ($from, $table) = @_;
	my @columns = map { my $name = "\"$_->{name}\"";
	    $_->{type} eq 'BLOB' ? "hex($name) AS $name" : $name }
	    @{ $columns{$table} };
	return [$from->rows("SELECT @{[join ', ', @columns]} FROM $table "
	    . 'ORDER BY 1')];
}

sub ask {
	my ($method, $path, %o) = @_;
	return $house->fcgi(method => $method, key => $full, type =>
	    defined $o{body} ? 'application/json' : undef, body => '',
	    path => "/api/v2/integrations$path", %o);
}

# What each of a client's rows has to be: a name, '' where it was deleted, or
# several where nobody knows.
sub client {
	my ($i) = @_;
	my ($n, %may, %id) = 0;
	until (-e $enough) {
		my $k = "c$i-" . $n++ % $NAMES;
		if ($n % 7 == 0 && defined $id{$k}) {
			my $said = ask('DELETE', "/$id{$k}");
			if ($said->{status} == 200) {
				$may{$k} = [''];
				delete $id{$k};
			} else {
				push @{ $may{$k} }, '';
			}
			next;
		}
		my $said = $house->fcgi(body => "{\"name\":\"v$n\","
		    . '"integration_type":"jira","unique_identifier":'
		    . "\"$k\",\"auth_data\":{\"access_token\":\"t$n\"}}");
		if ($said->{status} == 200) {
			$may{$k} = ["v$n"];
			$id{$k} = decode($said->{body})->{data}
			    {integration_id};
		} else {
			push @{ $may{$k} }, "v$n";
		}
	}
	return map { ($_, join ' ', @{ $may{$_} }) } keys %may;
}

sub there {
	my ($sql) = @_;
	return $moved->tamper($sql) + 0;
}

# Begin it, and kill it once that is so.
sub killed_when {
	my ($so, $name) = @_;
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, 'move', '--to', $url],
	    env => Strongroom::clean_env(), name => 'move',
	    stderr => "$house->{dir}/log/move");
	ok(wait_until(60, sub { $so->() || !running($pid) }) && running($pid),
	    $name) or diag(slurp("$house->{dir}/log/move"));
	kill 'KILL', $pid;
	reap($pid, 60);
	return;
}

sub is_stalled {
	return there('SELECT count(*) FROM pg_stat_activity WHERE '
	    . "datname = current_database() AND wait_event = 'PgSleep'");
}

# End whoever sleeps, and what has made him.
sub wake {
	my (@drop) = @_;
	$moved->tamper('SELECT pg_terminate_backend(pid) FROM '
	    . 'pg_stat_activity WHERE datname = current_database() AND '
	    . "wait_event = 'PgSleep'");
	wait_until(60, sub { !is_stalled() }) or die 'somebody sleeps on';
	$moved->tamper($_) for @drop;
	return;
}

sub is_killed {
	# It stands still amid the second thousand of rows, whose table it makes
	# itself.
	$moved->tamper(<<'END');
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
CREATE FUNCTION arm() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('integrations') IS NOT NULL AND NOT EXISTS
	    (SELECT 1 FROM pg_trigger WHERE tgname = 'stalls') THEN
		CREATE TRIGGER stalls BEFORE INSERT ON integrations
		    FOR EACH ROW WHEN (NEW.id = 1500)
		    EXECUTE FUNCTION stall();
	END IF;
END $$;
CREATE EVENT TRIGGER arms ON ddl_command_end EXECUTE FUNCTION arm();
END
	killed_when(\&is_stalled, 'killed amid its second thousand of rows');
	wake('DROP EVENT TRIGGER arms', 'DROP TRIGGER stalls ON integrations');
	is(there('SELECT count(*) FROM integrations'), 1000,
	    'the first thousand is there');
	is($moved->admin('check')->{exit}, 1, 'the half of it is not for use');
	like($moved->admin('check')->{err}, qr/has not all rows yet/,
	    'and says so');
	$moved->tamper(<<'END');
CREATE TRIGGER stalls BEFORE UPDATE ON meta FOR EACH ROW
    WHEN (NEW.schema_version = 1) EXECUTE FUNCTION stall();
END
	killed_when(\&is_stalled, 'killed when all is there, and not open');
	is($house->tamper('PRAGMA user_version') + 0, 1000, 'the file is closed');
	is($moved->admin('check')->{exit}, 1, 'and the other not open yet');
	wake('DROP TRIGGER stalls ON meta');
	return;
}

sub moves {
	my ($before) = @_;
	$house = house(store => 'sqlite');
	$moved = house(store => 'postgresql', init => 0);
	$url = $moved->{database};
	$enough = "$house->{dir}/enough";
	$house->worker;
	my $line = '{"created_by":"mover","name":"n","integration_type":"jira"'
	    . ',"unique_identifier":"%s","auth_data":{"access_token":"t-%s"},'
	    . '"metadata":{"tag":"\u0000 é"},"scope_data":{"org_slug":"o"}}';
	my $imported = $house->admin('import', { stdin => join '', map {
	    sprintf "$line\n", "import-$_", $_ } 1 .. $ROWS });
	is($imported->{exit}, 0, "$ROWS rows") or diag($imported->{err});
	$full = $house->admin_ok(qw(key create --user), Strongroom::user(),
	    '--scopes', 'save,read,reveal') =~ s/\n//r;
	my $gone = $house->key('leaver');
	$house->admin_ok(qw(key revoke), $house->public_id($gone));
	$house->admin_ok(qw(master-key rotate));
	my $first = saved_ok($house->fcgi(
	    body => with_auth('{"access_token":"one"}'),
	    headers => ['Idempotency-Key' => 'once']), 'a save')
	    ->{integration_id};
	is(ask('GET', "/$first/auth_data")->{status}, 200, 'is revealed');
	is(ask('POST', "/$first/refresh-lease", body => '{}')->{status}, 200,
	    'and leased');

	my $load = launch($CLIENTS, \&client);
	ok(wait_until(60, sub { ($house->rows('SELECT count(*) AS n FROM '
	    . 'integrations'))[0]{n} > $ROWS + $NAMES }), 'there is a load');
	$before->() if $before;
	my $ran = $house->admin('move', '--to', $url);
	is($ran->{exit}, 0, 'the move ends') or diag($ran->{err});
	is($ran->{out}, "database = \"$url\"\n", 'with the line to change');
	my $again = $house->admin('move', '--to', $url, '--json');
	is($again->{exit}, 0, 'once more');
	like($again->{err}, qr/was moved there already/, 'it has nothing to do');
	is_deeply(decode($again->{out}), { database => $url }, 'the line as JSON');

	# -- the file

	my $late = $house->fcgi(body => with_auth('{}'));
	is($late->{status}, 500, 'the service on the file takes no save');
	ok($house->log_says(qr/was moved to a server: let the configuration name/),
	    'and its log says what to do');
	my %asked = map { my $path = $_; ($path => $house->fcgi(
	    method => 'GET', key => $full, type => undef, body => '',
	    path => $path)->{status}) } '/healthz', '/api/v2/api-keys/self',
	    map { "/api/v2/integrations$_" } '', "/$first",
	    "/$first/auth_data";
	is(join(' ', map { $asked{$_} } sort keys %asked),
	    '500 500 500 500 503', 'nor does it read: keys are revoked there')
	    or diag(explain(\%asked));
	spew($enough, '');
	my %may = map { @$_ } $load->();
	is($house->admin('check')->{exit}, 1, 'neither does a command');
	$house->stop_worker;

	# -- the server

	for my $table (@tables) {
		my ($here, $there) = map { table_of($_, $table) }
		    $house, $moved;
		is_deeply($there, $here, scalar(@$here) . " rows of $table");
	}
	my $served = $moved;
	$served->write_conf(master_key_file => $house->{master_key});
	is($served->admin('check')->{exit}, 0, 'check');
	is($served->admin(qw(audit verify))->{exit}, 0, 'audit verify');
	$served->worker;
	my %is = map { ($_->{unique_identifier} => $_->{name}) }
	    grep { $_->{created_by} ne 'mover' } @{ $served->integrations };
	my @strange = grep { my $k = $_; !grep { $_ eq ($is{$k} // '') }
	    length $may{$k} ? split(/ /, $may{$k}, -1) : ('') } keys %may;
	is("@strange", '', 'each row is as its client was told');
	cmp_ok(scalar keys %may, '>=', $CLIENTS * $NAMES / 2, 'of many');
	is($served->reveal($first), '{"access_token":"one"}', 'a box opens');
	is($served->fcgi(key => $gone, body => with_auth('{}'))->{status}, 401,
	    'a revoked key is one');
	saved_ok($served->fcgi(key => $full, body => with_auth('{}')),
	    'a save with a key of before');
	my $replay = $served->fcgi(key => $full,
	    body => with_auth('{"access_token":"one"}'),
	    headers => ['Idempotency-Key' => 'once']);
	is(decode($replay->{body})->{data}{integration_id}, $first,
	    'an Idempotency-Key of before is known');
	is($served->admin('check')->{exit}, 0, 'check');
	return;
}

moves(\&is_killed);
moves();

# -- what makes no sense

for my $wrong ([[], qr/needs --to/], [['--to', '/a/file'], qr/needs --to/],
    [['--to', 'postgresql://u:hunter2@h/d'], qr/has a password in it/]) {
	my $ran = $house->admin('move', @{ $wrong->[0] });
	is($ran->{exit}, 2, "move @{ $wrong->[0] }: exit 2");
	like($ran->{err}, $wrong->[1], 'and why');
	unlike($ran->{err}, qr/hunter2/, 'without a secret');
}
$house = house(store => 'sqlite');
my $other = house(store => 'postgresql');
my $refused = $house->admin('move', '--to', $other->{database});
is($refused->{exit}, 1, 'to a database of another strongroom: exit 1');
like($refused->{err}, qr/is one of strongroom already/, 'and why');
is($other->admin('move', '--to', $url)->{exit}, 2, 'from a server: exit 2');

finish();
