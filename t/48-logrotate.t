#!/usr/bin/perl
# A log in a file, as under spawn-fcgi and multiwatch, is rotated while the
# worker writes to it: nothing that was written before is lost, and what comes
# later goes to the new file.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

my $house = house();
my $env = Strongroom::clean_env();
plan skip_all => 'logrotate is missing'
    if !grep { -x "$_/logrotate" } split /:/, $env->{PATH};

my $dir = "$house->{dir}/rotated";
mkdir $dir or die $!;
chmod 0700, $dir or die $!;
my $user = getpwuid $>;
my $group = getgrgid((split ' ', $))[0]);
plan skip_all => 'the user that runs this has no name'
    if !defined $user || !defined $group;
my $text = slurp(Strongroom::source() . '/logrotate/strongroom');
is($text =~ s{^/var/log/strongroom/}{"$dir"/}mg, 1, 'it names a directory');
is($text =~ s{^\tsu strongroom strongroom$}{\tsu $user $group}mg, 1,
    'and its owner');
my $conf = spew("$house->{dir}/logrotate.conf", $text, 0600);

sub rotate {
	my (@options) = @_;
	my $done = run(cmd => ['logrotate', '--state', "$house->{dir}/state",
	    @options, $conf], env => $env);
	is($done->{exit}, 0, "logrotate @options") || diag($done->{err});
	return $done;
}

sub save {
	my ($name) = @_;
	my $answer = $house->fcgi(json => { name => $name,
	    integration_type => 'jira' });
	saved_ok($answer, "a save: $name");
	ok($house->log_says(qr/ id=$answer->{headers}{'x-request-id'} /),
	    'is in the log');
}

rotate('--force');
ok(!-e "$dir/worker.log", 'no log, and nothing said of it');
my $worker = $house->worker;
my $log = "$dir/worker.log";
$house->stop_worker;
# start() opens logs as a shell's >> does.
my $sock = "$house->{dir}/logged.sock";
$worker->{pid} = Strongroom::Proc::start(cmd => [program('strongroom.fcgi'),
    '--config', $house->{conf}, '--socket', $sock], env => $env,
    stdout => $log, stderr => $log);
@$worker{qw(log socket stopped)} = ($log, $sock, 0);
$house->ready($worker);

save('one');
save('two');
# It answers before it says that it serves.
ok($house->log_says(qr/ serves, /), 'that it serves as well');
my $before = slurp($log);
rotate('--force');
is(slurp("$log.1"), $before, 'the old log has all that was written');
is(-s $log, 0, 'the new one is empty');
save('three');
my $after = slurp($log);
is(() = $after =~ /status=200/g, 1, 'the next line goes to the new one');
unlike($after, qr/\0/, 'at its beginning');
is((stat $log)[2] & 0077, (stat "$log.1")[2] & 0077, 'and the mode stays');
rotate('--force');
ok(-e "$log.2.gz" && -e "$log.1", 'the oldest is compressed');
is(slurp("$log.1"), $after, 'and the one before it is whole');

finish();
