#!/usr/bin/perl
# The manual pages: mandoc has nothing against them, and every option,
# configuration key and exit code of the programs is in them.

use strict;
use warnings;
use Test::More;
use Strongroom;

my $src = Strongroom::source();
my %page = (
	'strongroom.fcgi.8' => '', 'strongroom.8' => '',
	'strongroom.conf.5' => '',
);

sub output_of {
	my (@command) = @_;
	open my $fh, '-|', @command or die "$command[0]: $!";
	local $/;
	return readline($fh) // '';
}

# What scdoc itself writes and no page can help.
my $scdoc = qr/skipping paragraph macro: PP (?:empty|after SH)/;
# A clock may be late.
my $late = qr/date in the future/;

for my $name (sort keys %page) {
	my $file = Strongroom::program($name);
	ok(-s $file, "$name is made") or next;
	my @said = grep { !/$scdoc|$late/ } split /\n/,
	    output_of('mandoc', '-Tlint', '-W', 'warning', $file);
	is("@said", '', "$name: mandoc has nothing against it");
	$page{$name} = output_of('mandoc', '-Tascii', $file) =~ s/.\x08//gr;
}

my $conf = slurp("$src/src/ground/conf.c");
for my $key ($conf =~ /^\t\{ "(\w+)", /mg) {
	like($page{'strongroom.conf.5'}, qr/\b\Q$key\E\b/, "key $key");
}
for my $option (slurp("$src/src/main_worker.c")
    =~ /^\t\t\{ "([\w-]+)", (?:no|required)_argument/mg) {
	like($page{'strongroom.fcgi.8'}, qr/--\Q$option\E\b/,
	    "strongroom.fcgi.8: --$option");
}
for my $option (slurp("$src/src/admin/admin_args.c")
    =~ /^\t+\{ "([\w-]+)", (?:TAKES_\w+|0|no_argument),/mg) {
	like($page{'strongroom.8'}, qr/--\Q$option\E\b/,
	    "strongroom.8: --$option");
}
my $admin = slurp("$src/src/main_admin.c");
while ($admin =~ /^\t\{ "([\w-]+)", (?:"([\w-]+)"|NULL), TAKES/mg) {
	my $words = defined $2 ? "$1 $2" : $1;
	like($page{'strongroom.8'}, qr/\b$words\b/, "strongroom.8: $words");
}
for my $code (0, 1, 2, 3, 65, 77, 78) {
	like($page{'strongroom.8'}, qr/^\W+$code\b/m,
	    "strongroom.8: exit code $code");
}
for my $code (0, 2, 65, 66, 71, 77, 78) {
	like($page{'strongroom.fcgi.8'}, qr/^\W+$code\b/m,
	    "strongroom.fcgi.8: exit code $code");
}

done_testing();
