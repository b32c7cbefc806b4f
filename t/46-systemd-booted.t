#!/usr/bin/perl
# The units at work, under a systemd that was booted for them: the socket, the
# sandbox, restarts under load, what a refusal to start looks like, backups.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Machine qw(machine cannot bare_root install_to load);
use Strongroom::Proc qw(wait_until now);

my $no = cannot() // (slow() > 1 ? 'sanitizers need what the unit forbids'
    : undef);
plan skip_all => $no if $no;
my $house = house(init => 0);
my $prefix = install_to("$house->{dir}/dest") // '';
plan skip_all => 'a build for coverage writes where this has no directory'
    if slurp(program('strongroom.fcgi')) =~ /\.gcda/;
plan skip_all => 'not built for /usr/local, /etc and /var'
    if $prefix ne '/usr/local' || !grep { m{ /etc/strongroom/keys } }
    slurp("$house->{dir}/dest$prefix/lib/tmpfiles.d/strongroom.conf");

my $nobody = '/nonexistent:/usr/sbin/nologin';
my %etc = ('/etc/passwd' => "root:x:0:0::/root:/bin/sh\n"
    . "www-data:x:33:33::$nobody\n", '/etc/group' => "root:x:0:\n"
    . "www-data:x:33:\n", '/etc/nsswitch.conf' => "passwd: files\n"
    . "group: files\n");
$etc{'/etc/manpath.config'} = slurp('/etc/manpath.config')
    if -e '/etc/manpath.config';
# The way without a socket unit: what the restarts are compared with.
$etc{'/etc/systemd/system/alone.service'} = <<"E";
[Service]
User=strongroom
RuntimeDirectory=alone
ExecStart=/usr/local/sbin/strongroom.fcgi --socket /run/alone/sock
E
my $host = machine(root => bare_root("$house->{dir}/root", %etc),
    log => "$house->{dir}/log/boot.log", unit => 'basic.target',
    binds => ['/usr', "$house->{dir}/dest/usr/local:/usr/local"]);

sub sh { $host->ok_run('sh', '-c', $_[0]) }
sub is_owned {
	my ($path, $what) = @_;
	is(sh("stat -c '%a %U %G' $path") =~ s/\s+\z//r, $what,
	    "$path: $what");
}

is($host->try('systemctl', 'is-system-running')->{out}, "running\n",
    'a machine with the files of "make install" comes up');
is_owned($_, '700 strongroom strongroom') for qw(/etc/strongroom/keys
    /var/lib/strongroom /var/backups/strongroom);
is_owned('/etc/strongroom', '755 root root');
my $units = 'strongroom.service strongroom.socket strongroom-backup.service '
    . 'strongroom-backup.timer';
my $man = $etc{'/etc/manpath.config'} && -x '/usr/bin/man' ? 'yes' : 'no';
my $verify = $host->try('sh', '-c', "systemd-analyze verify --man=$man $units");
is("$verify->{exit} $verify->{out}$verify->{err}", '0 ',
    'the units are without fault, in their place');

# Before there is a key file.
my $start = $host->try('systemctl', 'start', 'strongroom.service');
ok(wait_until(20, sub {
	$host->property('strongroom.service', 'ActiveState') eq 'failed';
}), 'without a key file the service does not start');
is($host->property('strongroom.service', 'ExecMainStatus'), 77,
    'its status is 77');
is($host->property('strongroom.service', 'NRestarts'), 0,
    'and that is not tried again');
like($host->journal('strongroom.service'),
    qr{error key file /etc/strongroom/keys/master\.key}, 'the journal says why');

# The lines of the manual.
sh('strongroom init');
my $key = sh('strongroom key create --user alice') =~ s/\s+\z//r;
sh('systemctl enable --now strongroom.socket strongroom-backup.timer');
is_owned('/run/strongroom/strongroom.sock', '660 strongroom www-data');
isnt($host->property('strongroom.service', 'ActiveState'), 'active',
    'there is a socket, and no service yet');
my $socket = $host->path('/run/strongroom/strongroom.sock');

sub save {
	my ($name, %o) = @_;
	return $house->fcgi(socket => $socket, key => $key, seconds => 30,
	    json => { name => $name, integration_type => 'jira',
	    unique_identifier => $name, auth_data => { access_token => $name }
	    }, %o);
}

my $first = saved_ok(save('first'), 'the first request starts it');
is(sh("strongroom integration reveal $first->{integration_id}"),
    '{"access_token":"first"}', 'what it saved can be opened');
sub main_pid { $host->property('strongroom.service', 'MainPID') }

# What the process may do.
my %status = sh('cat /proc/' . main_pid() . '/status')
    =~ /^(\w+):\t(.*)$/mg;
is($status{NoNewPrivs}, 1, 'no new privileges');
is($status{$_}, '0000000000000000', "$_: none") for qw(CapEff CapBnd CapAmb);
is($status{Seccomp}, 2, 'a filter on its system calls');
my $limits = sh('cat /proc/' . main_pid() . '/limits');
like($limits, qr/^Max core file size\s+0\s+0\s/m, 'no core files');
unlike($host->journal('strongroom.service'), qr/ warning /,
    'its keys are locked in memory: no warning');
like($host->journal('strongroom.service'),
    qr/sandbox is closed: Landlock \d+, seccomp/,
    'and its own sandbox closes inside of that')
    if slurp(program('strongroom.fcgi')) =~ /the sandbox is closed/;
is(join(' ', sh('cat /proc/' . main_pid() . '/net/dev') =~ /^\s*(\w+):/mg),
    'lo', 'no network');
for my $path (qw(/etc/strongroom /usr/local /var/lib /run)) {
	my $try = $host->try('nsenter', '-m', '-t', main_pid(), 'touch',
	    "$path/probe");
	like($try->{err}, qr/Read-only file system/, "$path: read-only to it");
}
is($host->try('nsenter', '-m', '-t', main_pid(), 'ls',
    '/var/backups/strongroom')->{out}, '', 'the backups: nothing to it');
my ($score) = sh('systemd-analyze security --no-pager --threshold=15 '
    . 'strongroom.service') =~ /level for \S+ ([\d.]+)/;
cmp_ok($score, '<=', 1.5, 'its exposure, as systemd sees it running');

sub requests {
	my ($unit) = @_;
	return scalar(() = $host->journal($unit) =~ /status=200/g);
}

# Restart again and again while it serves; the longest time that took.
sub restarts {
	my ($unit, $rounds) = @_;
	my $slowest = 0;
	for my $round (1 .. $rounds) {
		my $seen = requests($unit);
		wait_until(20, sub { requests($unit) > $seen + 20 })
		    or die "$unit does not serve";
		my $from = now();
		sh("systemctl restart $unit");
		$slowest = now() - $from if now() - $from > $slowest;
	}
	return $slowest;
}

my $done = load($house, 'restart', \&save);
my $slowest = restarts('strongroom.service', 10);
my ($wrong, @saved) = $done->();
note(sprintf '%d saves over 10 restarts, %d failed; the longest took %.1f s',
    scalar @saved, $wrong, $slowest);
cmp_ok(scalar @saved, '>', 200, 'there was a load');
is($wrong, 0, 'a restart loses no request');
cmp_ok($slowest, '<', 15, 'and takes seconds');
my %row = map { $_->{unique_identifier} => 1 }
    @{ decode(sh('strongroom integration list --json')) };
is(join(' ', grep { !$row{$_} } @saved), '', 'each save is in the database');
unlike($host->journal('strongroom.service'), qr/SIGKILL|timed out/,
    'and each process ended by itself');

# The same with a socket of the service's own.
my $alone = $host->path('/run/alone/sock');
sh('systemctl start alone.service');
ok(wait_until(20, sub {
	-S $alone && save('alone', socket => $alone)->{status} == 200;
}), 'a service that makes its socket itself serves too');
$done = load($house, 'alone',
    sub { save($_[0], socket => $alone) });
restarts('alone.service', 3);
($wrong) = $done->();
cmp_ok($wrong, '>', 0, 'but its restarts lose requests');
note("without the socket unit: $wrong lost over 3 restarts");
sh('systemctl stop alone.service');

# It falls.
sub falls {
	my $pid = main_pid();
	sh("kill -9 $pid");
	return wait_until(20, sub { main_pid() !~ /\A(?:0|$pid)\z/ });
}
my $from = now();
ok(falls(), 'killed, it is started again');
saved_ok(save('after-kill'), 'and serves');
cmp_ok(now() - $from, '<', 3, 'within a second, thrice that at most');
is(scalar(grep { falls() } 1 .. 8), 8, 'and eight times more');
saved_ok(save('after-kills'), 'after which it serves too');

# A new master key, put into use beside the service: the directory is
# read-only to it, and not to the command.
SKIP: {
	skip 'there is no "strongroom master-key" yet', 1
	    if $host->try('strongroom', '--help')->{out} !~ /^\s+master-key/m;
	my $keys = sub {
		map { "$_->{state} $_->{boxes}" }
		    @{ decode(sh('strongroom master-key status --json')) };
	};
	my $pid = main_pid();
	my ($boxes) = map { s/\Aactive //r } $keys->();
	sh('strongroom master-key rotate');
	my $after = saved_ok(save('after-rotation'), 'a save after a rotation');
	is(join(', ', $keys->()), 'old 0, active ' . ($boxes + 1),
	    'is sealed with the new master key, as all is');
	is(sh("strongroom integration reveal $after->{integration_id}"),
	    '{"access_token":"after-rotation"}', 'and opens');
	is(main_pid(), $pid, 'the service was not restarted for it');
}

# A stop, and its end by the next request.
sh('systemctl stop strongroom.service');
is($host->property('strongroom.service', 'ActiveState'), 'inactive', 'stopped');
saved_ok(save('again'), 'the next request starts it again');

# What cannot work is said in the journal, in a line.
sub refuses {
	my ($break, $mend, $exit, $line, $name) = @_;
	sh($break);
	$host->try('systemctl', 'restart', 'strongroom.service');
	ok(wait_until(20, sub {
		$host->property('strongroom.service', 'ActiveState') eq 'failed';
	}), "$name: it does not start");
	is($host->property('strongroom.service', 'ExecMainStatus'), $exit,
	    "$name: status $exit");
	like($host->journal('strongroom.service'), $line, "$name: and says so");
	sh($mend);
	sh('systemctl restart strongroom.socket strongroom.service');
	saved_ok(save('mended'), "$name: mended, it serves");
}
my $conf = '/etc/strongroom/strongroom.conf';
refuses("install -m 0600 /dev/null $conf", "rm $conf", 78,
    qr{error \Q$conf\E cannot be read: Permission denied},
    'a configuration that it may not read');
refuses('chmod 0644 /etc/strongroom/keys/master.key',
    'chmod 0600 /etc/strongroom/keys/master.key', 77,
    qr{error key file /etc/strongroom/keys/master\.key}, 'a key file that is open');

# Backups.
SKIP: {
	skip 'there is no "strongroom backup" yet', 1
	    if $host->try('strongroom', '--help')->{out} !~ /^\s+backup\b/m;
	my $dir = '/var/backups/strongroom';
	sh("touch -d '30 days ago' $dir/strongroom-old.db $dir/other; "
	    . "touch -d '3 days ago' $dir/strongroom-new.db");
	sh('systemctl start strongroom-backup.service');
	my @file = split ' ', sh("ls $dir");
	my ($copy) = grep { /\Astrongroom-\d{8}T\d{6}Z\.db\z/ } @file;
	ok(defined $copy, 'the backup unit makes a copy') or last;
	is_owned("$dir/$copy", '600 strongroom strongroom');
	is(join(' ', grep { $_ ne $copy } @file), 'other strongroom-new.db',
	    'and removes copies older than two weeks, nothing else');
	my $check = $host->try('env', "STRONGROOM_DATABASE=$dir/$copy",
	    'strongroom', 'check');
	is($check->{exit}, 0, 'the copy is whole') || diag($check->{err});
	($score) = sh('systemd-analyze security --no-pager --threshold=15 '
	    . 'strongroom-backup.service') =~ /level for \S+ ([\d.]+)/;
	cmp_ok($score, '<=', 1.5, 'the exposure of that unit');
}
is($host->property('strongroom-backup.timer', 'ActiveState'), 'active',
    'the timer for it runs');

is($host->end->{exit}, 0, 'the machine goes down in order');
finish();
