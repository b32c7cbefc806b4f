#!/usr/bin/perl
# What is installed for systemd, as "make install" puts it: units without a
# fault and with little exposure, the service's user, its directories.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Machine qw(install_to);
use Strongroom::Proc qw(run);

my $house = house(init => 0);
my $dest = "$house->{dir}/dest";
my $prefix = install_to($dest);
plan skip_all => 'built without systemd' if !defined $prefix;
plan skip_all => 'units name no path with a space' if $prefix =~ /\s/;
my $env = Strongroom::clean_env();

sub said { my ($done) = @_; return "$done->{out}$done->{err}" }

sub has_systemd {
	my ($program) = @_;
	return !!grep { -x "$_/$program" } split /:/, $env->{PATH};
}

# The units, but for the programs' directory as they are installed.
my @units = map { "strongroom$_" } qw(.service .socket -backup.service
    -backup.timer);
my $units = "$house->{dir}/units";
mkdir $units or die $!;
for my $unit (@units) {
	my $text = slurp("$dest$prefix/lib/systemd/system/$unit");
	unlike($text, qr/\@\w+\@/, "$unit: nothing is left to fill in");
	$text =~ s/\Q$prefix\E(?=\/sbin\/strongroom)/$dest$prefix/g;
	spew("$units/$unit", $text);
}

SKIP: {
	skip 'systemd-analyze is missing', 1 if !has_systemd('systemd-analyze');
	for my $unit (@units) {
		my $done = run(cmd => ['systemd-analyze', 'verify', '--man=no',
		    "$units/$unit"], env => $env);
		is($done->{exit}, 0, "$unit is a unit of systemd");
		is(said($done), '', "$unit: and nothing is said against it");
	}
	my $typo = "$house->{dir}/typo";
	mkdir $typo or die $!;
	spew("$typo/$_", slurp("$units/$_") =~ s/^NoNewPrivileges=/NoNewPrivilege=/mr)
	    for @units;
	isnt(said(run(cmd => ['systemd-analyze', 'verify', '--man=no',
	    "$typo/strongroom.service"], env => $env)), '',
	    'which a misspelt line would not pass');

	for my $unit (grep { /service/ } @units) {
		my $text = slurp("$units/$unit");
		my $score = sub {
			my ($text) = @_;
			my $file = spew("$house->{dir}/$unit", $text);
			my $done = run(cmd => ['systemd-analyze', 'security',
			    '--no-pager', '--offline=true', '--threshold=15',
			    $file], env => $env);
			my ($figure) = said($done) =~ /level for \S+ ([\d.]+)/;
			return ($done->{exit}, $figure);
		};
		my ($exit, $figure) = $score->($text);
		is($exit, 0, "$unit: an exposure of 1.5 or less")
		    || diag($figure);
		note("$unit: $figure");
		($exit, $figure) = $score->(
		    $text =~ s/^(?:Protect|Restrict|System)\w+=.*\n//mgr);
		isnt($exit, 0, "$unit: half of its lines are not enough");
	}
}

# What the two packages of lines have in common.
my ($service, $socket) = map { slurp("$units/$_") } @units;
like($service, qr/^StandardInput=socket$/m,
    'the service gets the socket as its descriptor 0');
my %std = $service =~ /^Standard(Output|Error)=(\w+)$/mg;
is_deeply(\%std, { Output => 'journal', Error => 'journal' },
    'and nothing that it prints goes there');
my ($unit_path) = $socket =~ /^ListenStream=(.*)$/m;
like(slurp(Strongroom::source() . '/nginx/strongroom.conf'),
    qr/server unix:\Q$unit_path\E;/, 'nginx is sent to that socket');
my ($backlog) = $socket =~ /^Backlog=(.*)$/m;
is($backlog, 4096, 'whose queue is 4096 long');

# The user and the directories, in a root of their own.
SKIP: {
	skip 'systemd-sysusers is missing', 1
	    if !has_systemd('systemd-sysusers');
	skip 'only root can give directories away', 1 if $> != 0;
	mkdir "$dest/etc";
	spew("$dest/etc/$_", '') for qw(passwd group shadow gshadow);
	my $done = run(cmd => ['systemd-sysusers', "--root=$dest",
	    "$dest$prefix/lib/sysusers.d/strongroom.conf"], env => $env);
	is($done->{exit}, 0, 'systemd-sysusers takes its file')
	    || diag(said($done));
	like(slurp("$dest/etc/passwd"),
	    qr{^strongroom:[^:]*:\d+:\d+:[^:]*:/\S*:\S*/nologin$}m,
	    'and makes the user, who cannot log in');
	skip 'systemd-tmpfiles is missing', 1
	    if !has_systemd('systemd-tmpfiles');
	my $file = "$dest$prefix/lib/tmpfiles.d/strongroom.conf";
	my ($uid) = slurp("$dest/etc/passwd") =~ /^strongroom:[^:]*:(\d+)/m;
	for my $round ('made', 'kept') {
		$done = run(cmd => ['systemd-tmpfiles', "--root=$dest",
		    '--create', $file], env => $env);
		is($done->{exit}, 0, 'systemd-tmpfiles takes its file')
		    || diag(said($done));
		my @made = slurp($file) =~ /^d (\S+)/mg;
		is(scalar @made, 3, 'three directories');
		my ($etc) = map { m{(.*)/keys\z} } @made;
		my @above = stat "$dest$etc";
		is(sprintf('%04o %d', $above[2] & 07777, $above[4]), '0755 0',
		    "$etc, with the configuration, is root's");
		for my $dir (@made) {
			my @st = stat "$dest$dir";
			is(sprintf('%04o %d', $st[2] & 07777, $st[4]),
			    "0700 $uid", "$dir: $round, for that user alone");
			spew("$dest$dir/file", 'precious') if $round eq 'made';
			is(slurp("$dest$dir/file"), 'precious',
			    "$dir: what is in it stays");
		}
	}
}

finish();
