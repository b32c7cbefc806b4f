#!/usr/bin/perl
# quickstart leaves alone what is not its own: a directory without a
# strongroom.conf that it has made, be it told to stop or to start there.

use strict;
use warnings;
use File::Find qw(find);
use Test::More;
use Strongroom;
use Strongroom::Postgres qw(pg_missing);
use Strongroom::Proc qw(run);

my $house = house(init => 0);
my $script = source() . '/quickstart';
my $env = { %{ Strongroom::clean_env() }, HOME => $house->{dir} };

# No package is installed, as this dpkg-query has it, so no run gets beyond its
# directory, whatever becomes of the test.
mkdir "$house->{dir}/bin" or die $!;
spew("$house->{dir}/bin/dpkg-query", "#!/bin/sh\nexit 1\n", 0755);
$env->{PATH} = "$house->{dir}/bin:$env->{PATH}";

sub quickstart { run(cmd => [$script, @_], env => $env) }

# A directory with what a stop would remove, and processes that it would end.
my $n = 0;
sub directory {
	my ($conf) = @_;
	my $dir = "$house->{dir}/d" . ++$n;
	mkdir $_ or die $! for $dir, "$dir/run", "$dir/log";
	spew("$dir/run/$_", "$$\n") for qw(worker.pid nginx.pid socket-dir
	    strongroom.sock);
	spew("$dir/strongroom.conf", $conf->($dir), 0644) if $conf;
	return $dir;
}

# Every file and directory below: path, kind, when it was changed, content.
sub look {
	my ($dir) = @_;
	my %seen;
	find({ no_chdir => 1, wanted => sub {
		my @st = lstat;
		$seen{$_} = join ' ', @st[1, 2, 4, 5, 9, 10], -f _ ? slurp($_) : '';
	} }, $dir);
	return \%seen;
}

my %foreign = ('no configuration' => undef,
    'an empty configuration' => sub { '' },
    'a configuration of a service' => sub {
	"database = \"$_[0]/data/strongroom.db\"\nthreads = 4\n"
    },
    'a configuration with its own database' => sub {
	"database = \"$_[0]/strongroom.db\"\n"
    });
for my $name (sort keys %foreign) {
	my $dir = directory($foreign{$name});
	my $was = look($dir);
	my $ran = quickstart('--stop', '--dir', $dir);
	is($ran->{exit}, 0, "--stop where there is $name");
	like($ran->{out}, qr/\ANothing .* \Q$dir\E: .*no strongroom\.conf of quickstart/,
	    'says what is not there');
	is_deeply(look($dir), $was, 'and touches nothing');
	$ran = quickstart('--no-install', '--port', free_port(), '--dir',
	    $dir);
	is($ran->{exit}, 1, 'nor does it start there');
	like($ran->{err}, qr/holds other things, and no strongroom\.conf of/,
	    'and says why');
	is_deeply(look($dir), $was, 'and has touched nothing');
}
my $none = "$house->{dir}/none";
is(quickstart('--stop', '--dir', $none)->{exit}, 0,
    '--stop where there is no directory');
ok(!-e $none, 'makes none');

# Root is told before anything is made where strongroom would not go by what
# is in there.
SKIP: {
	skip 'only root gives directories away', 6 if $> != 0;
	for my $case ([65534, 0755], [0, 0775]) {
		my ($uid, $mode) = @$case;
		my $theirs = "$house->{dir}/theirs" . ++$n;
		mkdir $theirs or die $!;
		chown $uid, $uid, $theirs or die $!;
		chmod $mode, $theirs or die $!;
		my $ran = quickstart('--no-install', '--port', free_port(),
		    '--dir', "$theirs/new/d");
		is($ran->{exit}, 1, 'below a directory of others');
		like($ran->{err}, qr/others than root could replace what is in \Q$theirs\E$/m,
		    'root is told');
		ok(!-e "$theirs/new", 'and nothing is made');
	}
}

# Its nginx writes the access log of the site that operators install.
sub log_format_of {
	my ($text) = @_;
	my ($lines) = $text =~ /^\s*(map \$request .*?log_format .*?;)$/ms;
	return ($lines // 'none') =~ s/\s+/ /gr;
}
my $site = log_format_of(slurp(source() . '/nginx/strongroom.conf'));
like($site, qr/sent_http_x_request_id/, 'the site has a format for its log');
is(log_format_of(slurp(source() . '/build-aux/quick-processes.sh') =~ s/\\\$/\$/gr), $site,
    'quickstart has the same');

# Its own, also where somebody has taken the comment out.
for my $conf (sub { "# Made by quickstart, which keeps the two paths\n" }, sub {
	"database = \"$_[0]/strongroom.db\"\n"
	    . "master_key_file = \"$_[0]/master.key\"\nthreads = 64\n"
}) {
	my $dir = directory($conf);
	my $ran = quickstart('--stop', '--dir', $dir);
	is($ran->{exit}, 0, '--stop in a directory of its own');
	is(join(' ', map { s{.*/}{}r } glob "'$dir/run'/*"), 'stopping',
	    'clears what an earlier run has left');
}

# A PostgreSQL of its own: what it had before is moved there, and is there when
# it is started again; a name that fits no socket and no URL; and nothing left.
SKIP: {
	skip pg_missing(), 9 if pg_missing();
	skip 'this build has no PostgreSQL', 9
	    if slurp(program('strongroom')) !~ /libpq\.so/;
	my $top = $house->{top};
	chmod 0711, $top, $house->{dir};
	my $dir = "$house->{dir}/a b,c=%";
	my $list = 'admin integration list --json';
	my $do = sub {
		my ($what) = @_;
		return run(cmd => ['bash', '-c', '. "$1"; dir=$2; here=$3; '
		    . 'log_dir=$dir/log; postgresql=yes; '
		    . 'program=$4; admin() { "$program" --config '
		    . '"$dir/strongroom.conf" "$@"; }; ' . $what, 'test',
		    $script, $dir, source(), program('strongroom')], env => $env, seconds => 120);
	};
	my $ran = $do->('prepare_dir; make_vault; admin import --user u '
	    . '<<<\'{"name":"n","integration_type":"jira",'
	    . '"unique_identifier":"i"}\'; ' . $list);
	is($ran->{exit}, 0, 'a file, and a row in it')
	    or diag($ran->{out}, $ran->{err});
	my ($row) = $ran->{out} =~ /"integration_id":\s*"([^"]+)"/;
	$row //= 'none';
	for my $round (1, 2) {
		$ran = $do->("prepare_dir; make_server_vault; $list; "
		    . 'grep ^database "$dir/strongroom.conf"');
		is($ran->{exit}, 0, 'a server of its own')
		    or diag($ran->{out}, $ran->{err});
		like($ran->{out}, qr/\Q$row\E/, 'which has the row');
		like($ran->{out}, qr{^database = "postgresql://}m,
		    'as the configuration says');
		$ran = $do->('stop_server; pid_of postgres; '
		    . 'cat "$dir/run/postgresql-dir"');
		is($ran->{exit}, 1, 'it is stopped, and nothing is left');
	}
}
finish();
