#!/usr/bin/perl
# The examples of doc/operating.md and of the manual, word for word, by root on a machine
# whose data belong to the service's user: what is moved from here to there,
# and what else root names in its own directories.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Host qw(own_host add_user);
use Strongroom::Proc qw(run);

plan skip_all => 'this build is for other directories'
    if index(slurp(program('strongroom')), "\0/etc/strongroom/") < 0;
my $why = own_host('/etc', '/var', '/usr/sbin', '/root');
plan skip_all => $why if $why;

my $house = house(init => 0);
my $env = { PATH => '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL => 'C',
    HOME => '/root', BUILD => program('.') };
my @dirs = ('/etc/strongroom', '/var/lib/strongroom',
    '/var/backups/strongroom');
my $machine;
add_user('strongroom', 990, '/var/lib/strongroom');
chmod 0700, '/root' or die $!;

# A command of root's, at home.
sub by_root {
	my ($text, %o) = @_;
	return run(cmd => ['/bin/sh', '-c', "cd && $text"], env => $env, %o);
}

sub is_done {
	my ($text, $name, %o) = @_;
	my $ran = by_root($text, %o);
	is($ran->{exit}, 0, $name) || diag("$text: $ran->{err}");
	return $ran->{out};
}

# Be at another machine: its directories take the place of those here.
sub go {
	my ($to) = @_;
	for my $dir (@dirs) {
		rename $dir, "$dir.$machine" or die "$dir: $!"
		    if defined $machine;
		rename "$dir.$to", $dir or die "$dir: $!"
		    if -e "$dir.$to";
	}
	$machine = $to;
	return if -e $dirs[0];
	is_done('install -d -m 0700 -o strongroom -g strongroom '
	    . '/etc/strongroom/keys /var/lib/strongroom '
	    . '/var/backups/strongroom && strongroom init', "a machine: $to");
	is((stat '/var/lib/strongroom/strongroom.db')[4], 990,
	    "$to: whose data is the service user's");
}

is_done('install "$BUILD/strongroom" /usr/sbin/', 'it is installed');
my $row = '{"name":"n","integration_type":"%s","created_by":"alice",'
    . '"unique_identifier":"%s","auth_data":{"access_token":"tok-%1$s"}}';
my @rows = map { sprintf "$row\n", @$_ } ['sentry', 'sentry-1'], ['jira', 'u'];

# Run an example's lines, each the machine and the words; the public key that
# was printed stands for the one that is printed there.
sub follow {
	my ($name, @lines) = @_;
	my $key = 'none';
	by_root('rm -f moving integrations');
	my @said;
	for my $line (@lines) {
		my ($where, $words) = @$line;
		go($where);
		$words =~ s/srpub_\w+\.\.\./$key/;
		my $out = is_done($words, "$name: $where: $words");
		($key) = $out =~ /^(srpub_\S+)$/ if $words =~ / recipient /;
		push @said, $out;
	}
	return @said;
}

sub forget {
	my @at = map { ($_, "$_.here", "$_.there") } @dirs;
	is_done("rm -rf @at", 'anew');
	undef $machine;
	go('here');
	is_done('strongroom import', 'two rows', stdin => join '', @rows);
}

sub is_moved {
	my ($name) = @_;
	go('there');
	my $list = is_done('strongroom integration list --json',
	    "$name: root looks at them");
	is(scalar(() = $list =~ /"integration_id"/g), 2, "$name: both are there");
	is(is_done('strongroom check', "$name: check"),
	    "2 integrations, 2 boxes, 0 faults\n", "$name: and open");
	is(join(' ', grep { (lstat)[4] != 990 } glob "$dirs[1]/*"), '',
	    "$name: all is still the service user's");
	is((stat '/root/moving')[4], 0, "$name: and root's secret key is root's");
}

my @readme = map { /^    (there|here)[\$#]\s+(.*)$/ ? [$1, $2] : () }
    split /\n/, slurp(source() . '/doc/operating.md');
is(scalar @readme, 3, 'the example of doc/operating.md');
forget();
follow('operating', @readme);
is_moved('operating');

my ($text) = slurp(source() . '/man/strongroom.8.scd')
    =~ /^To another strongroom,.*?\n(.*?)^Why does it not start/ms;
my @where = qw(there here there);
my @manual = map { [shift @where, $_] } $text =~ /^# (.*)$/mg;
is(scalar @manual, 3, 'the example of the manual');
forget();
my @said = follow('manual', @manual);
is($said[-1] =~ s/^\d+\t(\w+)\t.*$/$1/mgr, "imported\nimported\n",
    'manual: says what the manual says it does');
is_moved('manual');

# What needs no configuration does without one that is wrong.
is_done('printf "nonsense\n" >/etc/strongroom/strongroom.conf && '
    . 'strongroom recipient create other && rm '
    . '/etc/strongroom/strongroom.conf',
    'a recipient needs no configuration');
is((stat '/root/other')[4], 0, 'and is of whoever made it');

# A secret key that only root can read, and none at all.
my $refused = by_root('strongroom import --identity none <integrations');
is($refused->{exit}, 1, 'an identity that is not there');
like($refused->{err}, qr/none refused: No such file/, 'is named');
$refused = by_root('runuser -u strongroom -- strongroom import --identity '
    . '/root/moving <integrations');
like($refused->{err}, qr{/root/moving refused: Permission denied},
    'the service\'s user cannot open it');

# The other examples that name files.
is_done($_, "root: $_", stdin => 'a-key-of-another-system') for
    'strongroom backup /var/backups/strongroom/monday.db',
    'strongroom key import --user bob',
    'strongroom export --in-clear >/root/clear';
is((stat '/var/backups/strongroom/monday.db')[4], 990,
    'a backup is of the service\'s user');
$refused = by_root('strongroom backup /root/monday.db');
is($refused->{exit}, 1, 'a backup to where that user may not write');
like($refused->{err}, qr{/root/monday\.db cannot be made by user 990, .*strongroom backup - > /root/m},
    'is refused, and it is said how it can be had there');
is_done('strongroom backup - > /root/monday.db', 'and so it is had');
is((stat '/root/monday.db')[4], 0, 'as a file of root\'s');
is_done('rm /root/monday.db && cp -p /var/backups/strongroom/monday.db /root/ && '
    . 'rm /var/lib/strongroom/strongroom.db*', 'the database is gone');
$refused = by_root('strongroom restore /root/monday.db');
is($refused->{exit}, 1, 'a backup that he cannot read');
like($refused->{err}, qr{/root/monday\.db cannot be read by user 990, .*: },
    'is refused');
is_done('strongroom restore /var/backups/strongroom/monday.db',
    'where he can it is restored');
is_moved('restored');

finish();
