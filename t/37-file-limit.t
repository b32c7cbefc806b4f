#!/usr/bin/perl
# A limit of file sizes (ulimit -f) is a disk that is full: 507, or a line for
# people, and never the end of a process.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

my $house = house(conf => { log_level => 'error' });
my $key = $house->key;
my $large = with_auth('{"access_token":"' . 't' x 100_000 . '"}');

# Words before a command that limit it to so many KiB a file; soft, so that a
# shell's own files do not matter.
sub limited { ('/bin/sh', '-c', 'ulimit -f ' . 2 * $_[0]
    . ' && exec "$@"', 'sh') }

# Save until it says that it is full; how many were saved.
sub fill {
	my ($name, $save) = @_;
	my ($n, $answer) = 0;
	$n++ while ($answer = $save->())->{status} == 200 && $n < 100;
	error_is($answer, 507, 'Database is full', "$name: the limit is a 507");
	return $n;
}

# The worker: it goes on with what needs no room.
$house->worker(before => [limited(1024)]);
my $saved = fill('a worker', sub { $house->fcgi(body => $large) });
cmp_ok($saved, '>', 0, 'after some saves');
answer_is($house->fcgi(method => 'GET', path => '/healthz', key => undef,
    type => undef), 200, '{"status":"ok"}', 'it serves');
answer_is($house->fcgi(key => undef), 401, '{"detail":"API key is required"}',
    'what has no need of room');
ok($house->log_says(qr/ error [^\n]*\bquota or limit\b/), 'the log says why');
is($house->stop_worker->{exit}, 0, 'and it ends in order');
is(scalar @{ $house->integrations }, $saved, 'each 200 is there, no more');
$house->worker;
saved_ok($house->fcgi(body => $large), 'without the limit it saves again');
is($house->stop_worker->{exit}, 0, 'and ends');

# A log that has reached the limit.
my $log = spew("$house->{dir}/log/full", 'x' x 524_287 . "\n");
open my $to, '>>', $log or die $!;
my $small = house(conf => { log_level => 'info' });
$small->worker(before => [limited(512)], stderr => $to);
is($small->fcgi(method => 'GET', path => '/healthz', key => undef,
    type => undef)->{status}, 200, 'a log that has reached it: served')
    for 1 .. 20;
is($small->stop_worker->{exit}, 0, 'and ended in order');
is(-s $log, 524_288, 'though there is no room for a line');

# CGI.
my $cgi = house();
$saved = fill('CGI', sub {
	$cgi->cgi(body => $large, before => [limited(600)]);
});
cmp_ok($saved, '>', 0, 'after some saves');
is(scalar @{ $cgi->integrations }, $saved, 'each 200 is there, no more');

# The command line: a refusal in words, nothing half done, nothing left.
sub refuses {
	my ($kib, $name, @args) = @_;
	my %o = ref $args[-1] ? %{ pop @args } : ();
	my $ran = run(cmd => [limited($kib), program('strongroom'), '--config',
	    $o{conf} // $house->{conf}, @args], stdin => $o{stdin},
	    env => Strongroom::clean_env());
	is($ran->{exit}, 1, "$name: exit 1");
	like($ran->{err}, qr/\A(?:[^\n]+\n)+\z/, "$name: in words");
	return $ran;
}

my $dir = "$house->{dir}/copies";
mkdir $dir or die $!;
like(refuses(100, 'backup', 'backup', "$dir/b")->{err},
    qr/raise the quota or limit/, 'backup: and what to do');
is(join(' ', glob "'$dir'/*"), '', 'backup: nothing is left of it');
$house->admin_ok('backup', "$dir/whole");
refuses(100, 'restore', 'restore', "$dir/whole", '--to', "$dir/r.db");
is(join(' ', grep { !/\.lock\z/ } glob "'$dir'/r*"), '',
    'restore: nothing is left of it');
my $new = spew("$dir/new.conf", qq(database = "$dir/n/x.db"\n)
    . qq(master_key_file = "$dir/k/x.key"\n));
refuses(4, 'init', 'init', { conf => $new });
ok(!-e "$dir/n/x.db", 'init: and no database');
my $row = qq({"name":"n","integration_type":"jira","unique_identifier":"u",)
    . qq("auth_data":{"access_token":"@{['t' x 200_000]}"}}\n);
refuses(100, 'import', 'import', '--user', 'u', { stdin => $row });
is(scalar(grep { $_->{unique_identifier} eq 'u' } @{ $house->integrations }),
    0, 'import: and no row');
refuses(1, 'a list', 'integration', 'list');
is($house->admin('check')->{exit}, 0, 'all that is stored is whole');

finish();
