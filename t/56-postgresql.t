#!/usr/bin/perl
# What is of PostgreSQL alone: its URL, its server's death and return, an answer
# that does not come, and what its log gets to see.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Postgres qw(pg_cluster pg_missing pg_psql pg_start pg_stop
    pg_url);
use Strongroom::Proc qw(launch parallel run wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

# A server that logs all it is told, with the values.
my $cluster = pg_start(pg_cluster(), 'log_statement=all',
    'log_min_duration_statement=0', 'log_error_verbosity=verbose',
    'log_parameter_max_length_on_error=-1');
pg_psql($cluster->{dir}, 'postgres', 'CREATE DATABASE strongroom');
my $url = pg_url($cluster->{dir}, 'strongroom');
my @server = ($cluster->{dir}, 'strongroom');
my $house = house(conf => { database => $url }, init => 0);
$house->{server} = [@server];

# -- the URL

my $secret = 'hunter2-' . join '', map { ('a' .. 'z')[rand 26] } 1 .. 12;
sub refuses {
	my ($database, $exit, $why, $name) = @_;
	$house->write_conf(database => $database);
	my $ran = $house->admin('check');
	is($ran->{exit}, $exit, "$name: exit $exit");
	like($ran->{err}, $why, 'and a word');
	unlike($ran->{err}, qr/$secret/, 'without a secret in it');
}
refuses("postgresql://u:$secret\@h/d", 78, qr/passfile=/, 'a password');
refuses("postgresql://h/d?password=$secret", 78, qr/passfile=/,
    'a password behind');
refuses('mysql://h/d', 78, qr/begins with postgresql:/, 'another kind');
refuses("$url&options=-c%20fsync%3Doff", 1, qr/has options in it/,
    'a parameter that is none of ours');
refuses('postgresql://[', 1, qr/none that PostgreSQL's library takes/,
    'no URL');
my $passfile = spew("$house->{dir}/pass", "*:*:*:*:$secret\n", 0644);
refuses("$url&passfile=$passfile", 1, qr/nobody else may read/,
    'a passfile that others may read');
refuses(pg_url("$house->{dir}/none", 'strongroom'), 1,
    qr/cannot be reached: \S+ .*No such file/, 'no server');
$house->write_conf(database => $url);
refuses($url, 1, qr/run strongroom init/, 'no schema');

# -- making one, and what an operator does

is($house->admin('init')->{exit}, 0, 'init');
my $again = $house->admin('init');
is($again->{exit}, 1, 'init again is refused');
rename $house->{master_key}, "$house->{master_key}.away" or die $!;
$again = $house->admin('init');
is($again->{exit}, 1, 'so it is with another key file');
like($again->{err}, qr/is one of strongroom already/, 'with a word');
ok(!-e $house->{master_key}, 'and no key file is left');
rename "$house->{master_key}.away", $house->{master_key} or die $!;
my %wrong = (STRONGROOM_DATABASE => '', PGHOST => '/nowhere', PGPORT => '1',
    PGDATABASE => 'none', PGUSER => 'nobody', PGOPTIONS => '-c fsync=off');
is($house->admin('key', 'list', { env => \%wrong })->{exit}, 0,
    'the environment of libpq is not read');

my $worker = $house->worker;
my $canary = 'canary' . join '', map { ('a' .. 'z')[rand 26] } 1 .. 20;
my $id = saved_ok($house->fcgi(body => with_auth(
    "{\"access_token\":\"$canary\"}")), 'a save')->{integration_id};
is($house->reveal($id), "{\"access_token\":\"$canary\"}", 'is revealed');
is($house->admin('check')->{out}, "1 integrations, 1 boxes, 0 faults\n",
    'check');
is($house->admin('migrate')->{exit}, 0, 'migrate');
my ($former) = map { $_->{key_id} } @{ decode($house->admin_ok(qw(master-key
    status --json))) };
$house->admin_ok('master-key', 'rotate');
is($house->admin('master-key', 'retire', $former)->{exit}, 0,
    'the master key is rotated, and the former one retired');
is($house->reveal($id), "{\"access_token\":\"$canary\"}",
    'what was sealed opens');
my $backup = $house->admin('backup', "$house->{dir}/copy.db");
is($backup->{exit}, 1, 'backup is the server\'s');
like($backup->{err}, qr/pg_dump/, 'and says so');
my $export = $house->admin_ok('export', '--in-clear');
my $file = do { local $ENV{SR_STORE}; house() };
is($file->admin('import', { stdin => $export })->{exit}, 0,
    'what is exported can be imported into a file');
is($file->reveal($id), "{\"access_token\":\"$canary\"}", 'and is the same');
is($house->admin('audit', 'verify')->{exit}, 0, 'the chain of the audit holds');
refuses("$url&options=-c%20geqo%3Doff", 1, qr/has options in it/,
    'a parameter that is none of ours, where all else is right');
refuses("$url&passfile=$house->{dir}/nopass", 1, qr/No such file/,
    'a passfile that is not there');
my $open = spew("$house->{dir}/open", "*:*:*:*:$secret\n", 0644);
refuses("$url&passfile=$open", 1, qr/nobody else may read/,
    'a passfile that others may read, where all else is right');
$house->write_conf(database => $url);
is($house->admin('doctor')->{exit}, 0, 'doctor finds nothing')
    or diag($house->admin('doctor')->{out});

# -- two workers: a key revoked by one is refused by the other's next request

my $one = $house->{worker};
my $two = $house->worker;
my $key = $house->admin_ok('key', 'create', '--user', 'eve');
chomp $key;
my @ask = (method => 'GET', path => '/api/v2/integrations', type => undef,
    key => $key);
for my $round (1 .. 10) {
	my $key = $house->admin_ok('key', 'create', '--user', 'eve',
	    '--scopes', 'admin,read');
	chomp $key;
	my @ask = (method => 'GET', path => '/api/v2/integrations',
	    type => undef, key => $key);
	is($house->fcgi(@ask, socket => $_->{socket})->{status}, 200,
	    'known to both') for $one, $two;
	is($house->fcgi(@ask, method => 'DELETE', socket => $one->{socket},
	    path => '/api/v2/api-keys/self')->{status}, 200, 'revoked by one');
	is($house->fcgi(@ask, socket => $two->{socket})->{status}, 401,
	    'refused by the other');
}

# -- the server is killed, again and again, under load

my %kept;
sub save_some {
	my ($i) = @_;
	my ($n, @saved) = 0;
	until (-e "$house->{dir}/enough") {
		my $name = "row-$i-" . $n++;
		my $said = $house->fcgi(body => "{\"name\":\"$name\","
		    . '"integration_type":"jira","unique_identifier":'
		    . "\"$name\"}", socket => ($one, $two)[$i % 2]{socket});
		push @saved, "$name " . decode($said->{body})
		    ->{data}{integration_id} if $said->{status} == 200;
	}
	return @saved;
}
my $load = launch(8, \&save_some);
for my $round (1 .. 5) {
	my $before = pg_psql(@server, 'SELECT count(*) FROM integrations');
	wait_until(60, sub { pg_psql(@server,
	    'SELECT count(*) FROM integrations') > $before + 50 })
	    or fail("round $round: nothing is saved");
	pg_stop($cluster, $round % 2 ? 'QUIT' : 'INT');
	pg_start($cluster);
}
my $before = pg_psql(@server, 'SELECT count(*) FROM integrations');
ok(wait_until(60, sub { pg_psql(@server, 'SELECT count(*) FROM integrations')
    > $before + 50 }), 'it goes on serving');
spew("$house->{dir}/enough", '');
my %saved = map { split } map { @$_ } $load->();
my %stored = map { ($_->{unique_identifier} => $_->{integration_id}) }
    @{ $house->integrations };
cmp_ok(scalar keys %saved, '>', 250, 'many saves were acknowledged');
is(scalar(grep { ($stored{$_} // '') ne $saved{$_} } keys %saved), 0,
    'each of them is there, with its id');
is($house->admin('check')->{exit}, 0, 'check: all is well');
is($house->admin('audit', 'verify')->{exit}, 0, 'and so is the audit');

# -- a server that does not answer, and one that is away

# The server with all its processes, which are those of its sessions.
sub signal_server {
	my ($signal) = @_;
	kill $signal, $cluster->{pid}, split ' ', run(cmd => ['pgrep', '-P',
	    $cluster->{pid}])->{out};
	return;
}

signal_server('STOP');
my $waits = launch(1, sub { $house->fcgi(@ask)->{status} });
is($house->fcgi(method => 'GET', path => '/docs', key => undef,
    type => undef)->{status}, 200, 'who needs no database is served');
is(($waits->())[0][0], 500, 'who does gets an answer');
signal_server('CONT');
ok(wait_until(60, sub { $house->fcgi(@ask)->{status} == 200 }),
    'and goes on when the server does');
pg_stop($cluster);
is($house->fcgi(method => 'GET', path => '/healthz', key => undef,
    type => undef)->{status}, 503, '/healthz without a server');
is($house->fcgi(body => with_auth('{}'))->{status}, 500, 'a save without one');
is($house->cgi(method => 'GET', path => '/healthz', key => undef,
    type => undef)->{status}, 503, 'by CGI, too');

# -- what the log of the server was told

my $log = slurp($cluster->{log});
like($log, qr/INSERT INTO integrations/, 'the server has logged statements');
unlike($log, qr/$canary/, 'and no secret');
unlike($log, qr/\Q$key\E|@{[substr $key, 13]}/, 'and no key');
unlike(slurp($_->{log}), qr/$canary|$secret/, 'nor have we')
    for @{ $house->{workers} };

finish();
